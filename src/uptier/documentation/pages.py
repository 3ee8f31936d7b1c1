"""All generated pages, and how they are written.

A page is refused while something public is undocumented: a signal without a docstring, a column without a meaning, a
key of the settings or a parameter of simulated worlds that its class does not describe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from uptier.documentation.distributions import seen_in
from uptier.documentation.made import made
from uptier.documentation.markdown import GENERATED, documented, page
from uptier.documentation.parameters_page import parameters_page
from uptier.documentation.settings_page import settings_page
from uptier.documentation.signals_page import signals_page
from uptier.documentation.tables_page import data_page, tables_page
from uptier.documentation.triggers_page import triggers_page
from uptier.documentation.world_page import world_page, world_pictures
from uptier.signals.catalog import catalog
from uptier.store import write_whole
from uptier.thresholds import Thresholds

CLI_HEAD = """
Exit codes: 0 done; 1 our fault, with a traceback; 2 a verb was called wrongly; 3 no model was good enough (train, run,
demo), and scoring goes by rules; 4 something that you can act on, said in words; 5 a circuit breaker tripped, and
nothing was sent; 6 some rows did not get there; 130 interrupted. What to do about each:
[operating](guides/operating.md).
"""


def pages(root: Path, help_by_command: Mapping[str, str]) -> dict[Path, str]:
    """Give all generated pages, and their pictures.

    A world is simulated for the last of them, which takes seconds: what is not documented is refused before.

    Parameters
    ----------
    root : Path
        Root of the repository, where measured figures are read.
    help_by_command : mapping of str to str
        What ``--help`` says of each verb; the empty name is the program itself.

    Returns
    -------
    dict of Path to str
        Page or picture, relative to the root of the repository, to its text.

    Raises
    ------
    UptierError
        If something public is undocumented.
    """
    docs, signals = Path("docs"), catalog()
    made_at_once = {
        docs / "tables.md": tables_page(),
        docs / "settings.md": settings_page(),
        docs / "cli.md": cli_page(help_by_command),
        Path("data") / "README.md": data_page(),
        docs / "world-parameters.md": parameters_page(),
        docs / "triggers.md": triggers_page(signals, Thresholds()),
    }
    signals_page(signals, Thresholds())  # refused here, before a world is made
    world = {docs / "world.md": world_page(root)}
    seen = seen_in(made().frame, signals, Thresholds())
    pictures = world_pictures() | {f"signals/{name}.svg": text for name, text in seen.pictures.items()}
    return {
        docs / "signals.md": signals_page(signals, Thresholds(), seen),
        **made_at_once,
        **world,
        **{docs / "pictures" / name: text for name, text in pictures.items()},
    }


def write_pages(root: Path, help_by_command: Mapping[str, str]) -> list[Path]:
    """Write the generated pages and pictures, each whole or not at all.

    Parameters
    ----------
    root : Path
        Root of the repository.
    help_by_command : mapping of str to str
        What ``--help`` says of each verb.

    Returns
    -------
    list of Path
        The pages and pictures.

    Raises
    ------
    UptierError
        If something public is undocumented: no page is written then. Or if a page cannot be written.
    """
    made = pages(root, help_by_command)
    return [write_whole(root / name, _writer(text)) for name, text in made.items()]


def cli_page(help_by_command: Mapping[str, str]) -> str:
    """Give the page on the command line.

    Parameters
    ----------
    help_by_command : mapping of str to str
        What ``--help`` says of each verb; the empty name is the program itself.

    Returns
    -------
    str
        Markdown, a chapter for each verb.

    Raises
    ------
    UptierError
        If a verb says nothing.
    """
    lines = ["# Command line", "", GENERATED, "", CLI_HEAD.strip(), ""]
    for name, said in help_by_command.items():
        text = [line.rstrip() for line in documented(said, f"the verb '{name}'").splitlines()]
        lines += [f"## uptier {name}".rstrip(), "", "```text", *text, "```", ""]
    return page(*lines)


def _writer(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text, encoding="utf-8")
