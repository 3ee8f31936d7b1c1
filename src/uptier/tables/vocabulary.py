"""How companies call what the contract names: words for tables, columns and events, to guess a mapping from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from uptier.tables.contracts import USAGE_KINDS

# canonical table: other names for it, in the singular
TABLES = {
    "accounts": "account customer company organization organisation org workspace tenant client crm_account",
    "plans": "plan price_plan product tier plan_catalog price_list pricing package",
    "plan_features": "plan_feature entitlement plan_entitlement feature_entitlement",
    "plan_quotas": "plan_quota quota plan_limit",
    "subscriptions": "subscription contract license licence subscription_history subscription_version "
    "subscription_change subscription_event subscription_period subscription_item billing billing_period",
    "addons": "addon add_on addon_subscription",
    "users": "user member person app_user product_user",
    "usage_events": "usage_event event product_event app_event activity event_log activity_log tracking_event track",
    "usage_daily": "daily_usage usage_by_day event_daily daily_event activity_daily feature_usage usage usage_day",
    "meter_readings": "meter_reading meter metering meter_usage consumption reading",
    "tickets": "ticket support_ticket case support_case conversation issue",
    "survey_responses": "survey_response survey nps nps_response csat nps_survey",
    "milestones": "milestone success_milestone goal onboarding_milestone",
    "outreach": "outreach touch csm_touch contact_log upsell_contact",
    "opportunities": "opportunity deal opportunity_stage opportunity_history deal_stage sales_pipeline pipeline",
}

# canonical column, alone or with its table: other names for it, best first; with '?' those that often mean other things
COLUMNS = {
    "account_id": "customer_id org_id organization_id organisation_id workspace_id company_id client_id tenant_id "
    "team_id account_key account_number customer_number account? customer? company? workspace?",
    "accounts.account_id": "id",
    "accounts.account_name": "name company_name customer_name display_name",
    "accounts.created_at": "signup_date signed_up_at customer_since start_date created date_created onboarded_at",
    "accounts.segment": "customer_segment size_segment company_size? size?",
    "accounts.industry": "sector vertical",
    "accounts.region": "country territory office_location? geo",
    "accounts.channel": "referral_source acquisition_channel source lead_source",
    "accounts.owner": "csm csm_owner account_manager owner_id account_owner csm_id",
    "plan_id": "plan plan_tier tier plan_code product product_id sku package edition plan_name?",
    "plans.plan_id": "id code",
    "plans.plan_name": "name display_name",
    "plans.tier_rank": "rank tier_level tier_order plan_rank level? sort_order? position?",
    "plans.seats": "included_seats seats_included max_seats max_users user_limit?",
    "plans.price": "list_price monthly_price price_monthly price_per_month amount? sales_price?",
    "feature": "feature_name feature_key module component screen? page? object?",
    "meter": "metric meter_name resource metric_name",
    "quota": "limit allowance included_quantity max_value?",
    "subscriptions.subscription_id": "id sub_id contract_id license_id licence_id agreement_id subscription",
    "seats": "licenses licences seat_count num_seats n_seats license_count licensed_users quantity? qty?",
    "mrr": "mrr_amount monthly_recurring_revenue mrr_usd mrr_eur mrr_gbp monthly_amount amount? "
    "monthly_price? revenue?",
    "subscriptions.billing_period_months": "bill_period_months billing_months interval_months term_months?",
    "subscriptions.term_end": "renewal_date renews_at contract_end contract_end_date term_end_date expiry_date?",
    "valid_from": "start_date started_at starts_at period_start effective_from effective_at effective_date start "
    "from_date snapshot_date changed_at change_date as_of current_period_start? created_at? month? date?",
    "valid_to": "end_date ended_at ends_at period_end effective_to end to_date current_period_end? canceled_at? "
    "cancelled_at? churned_at? expires_at?",
    "recorded_at": "loaded_at? ingested_at? inserted_at? synced_at? received_at? etl_loaded_at? _fivetran_synced?",
    "addons.addon_id": "addon add_on addon_name product product_id sku",
    "users.user_id": "id member_id person_id uid",
    "user_id": "member_id person_id uid actor_id user? distinct_id? anonymous_id?",
    "users.role": "user_role account_role type? title?",
    "users.created_at": "invited_at joined_at signup_date created",
    "usage_events.event_id": "id uuid insert_id message_id usage_id",
    "occurred_at": "timestamp ts event_time event_timestamp event_at occurred happened_at created_at time datetime "
    "event_date date sent_at? received_at?",
    "kind": "event_name event event_type event_type_name action type activity name? category?",
    "session_id": "session visit_id",
    "row_id": "id uuid usage_id",
    "day": "date usage_date event_date activity_date ds dt",
    "events": "n_events event_count num_events total_events usage_count count cnt uses",
    "users": "n_users user_count distinct_users unique_users num_users",
    "day_users": "day_active_users dau daily_active_users active_users?",
    "read_at": "reading_date measured_at reading_time date timestamp ts created_at?",
    "value": "reading usage used amount? quantity? total?",
    "tickets.ticket_id": "id case_id conversation_id issue_id",
    "opened_at": "created_at submitted_at created opened open_date",
    "closed_at": "resolved_at solved_at closed resolved close_date",
    "tickets.priority": "severity urgency?",
    "escalated": "escalation_flag is_escalated escalation",
    "tickets.text": "description body subject? message?",
    "response_id": "id answer_id survey_response_id",
    "answered_at": "submitted_at responded_at response_date created_at date timestamp?",
    "nps": "nps_score score? rating?",
    "survey_responses.text": "comment verbatim feedback feedback_text comments",
    "milestone": "milestone_name goal milestone_type name?",
    "reached_at": "achieved_at completed_at achieved_on date created_at?",
    "outreach_id": "id contact_id touch_id activity_id",
    "contacted_at": "touched_at sent_at date created_at? timestamp?",
    "upsell_type": "expansion_type opportunity_type? type?",
    "started_by": "source? trigger? reason?",
    "result": "outcome status?",
    "result_at": "outcome_at closed_at? result_date",
    "opportunity_id": "id deal_id opp_id",
    "stage": "stage_name deal_stage status?",
    "entered_at": "stage_entered_at changed_at stage_date engage_date? created_at? close_date? date?",
    "opportunities.amount": "annual_value acv arr? close_value? value? amount_usd?",
}

# patterns of event names, in small letters joined by underscores: what sort of event that probably is
EVENTS = (
    (
        "upgrade_prompt",
        "*upgrade*prompt* *upgrade*modal* *upgrade*view* *upgrade*click* *upgrade*page* *pricing* *view*plans*",
    ),
    ("gate_hit", "*paywall* gate_* *_gate *_gate_* *gated* locked* *_locked*"),
    (
        "limit_error",
        "*limit*error* *limit*hit* *limit*reached* *limit*exceeded* *quota*exceeded* *quota*reached* *rate_limit*",
    ),
    ("trial_use", "trial_* *_trial_* *_trial"),
    ("export", "*export* *download*csv* *download*report*"),
    ("integration_call", "*integration* *webhook* *api_call* *api_request*"),
    ("login", "*login* *log_in* *logged_in* *sign_in* *signed_in* *session_start*"),
    ("feature_used", "*feature_use* *use_feature* *used_feature*"),
)

_LAYERS = ("stg", "raw", "src", "dim", "fct", "fact", "tbl", "vw", "public")  # what warehouses put in front


def plain(name: str) -> str:
    """Give a name in small letters, its words joined by underscores.

    Parameters
    ----------
    name : str
        Of a table, a column or an event.

    Returns
    -------
    str
        The same words.

    Examples
    --------
    >>> plain("accountId"), plain("Upgrade Modal - Viewed")
    ('account_id', 'upgrade_modal_viewed')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_") if name[:1] != "_" else parted.lower()


def table_words(names: Iterable[str]) -> dict[str, str]:
    """Reduce table names to their words: without what they all begin with, in the singular.

    Parameters
    ----------
    names : iterable of str
        All tables of a source.

    Returns
    -------
    dict of str to str
        Name to its words.

    Examples
    --------
    >>> table_words(["acme_accounts", "acme_stg_usage_events"])
    {'acme_accounts': 'account', 'acme_stg_usage_events': 'usage_event'}
    """
    parts = {name: plain(name).split("_") for name in names}
    while len(parts) > 1 and len({words[0] for words in parts.values()}) == 1 and min(map(len, parts.values())) > 1:
        parts = {name: words[1:] for name, words in parts.items()}
    reduced = {}
    for name, words in parts.items():
        kept = [word for word in words if word not in _LAYERS] or words
        reduced[name] = "_".join(_singular(word) for word in kept)
    return reduced


def table_likeness(words: str, table: str) -> int:
    """Say how well a table's name fits a canonical table.

    Parameters
    ----------
    words : str
        From :func:`table_words`.
    table : str
        Canonical name.

    Returns
    -------
    int
        3 for the name itself, 2 for another name for it, 1 for a name that holds one, 0 for none.
    """
    own, *others = ("_".join(_singular(word) for word in name.split("_")) for name in (table, *TABLES[table].split()))
    if words == own:
        return 3
    if words in others:
        return 2
    held = set(words.split("_"))
    return 1 if any(set(other.split("_")) <= held for other in (own, *others)) else 0


def column_names(table: str, column: str) -> list[tuple[str, bool]]:
    """Give the names under which a canonical column may be found.

    Parameters
    ----------
    table : str
        Canonical table.
    column : str
        Canonical column.

    Returns
    -------
    list of (str, bool)
        Name and whether it is hardly ever used for anything else; best first, without the canonical name itself.
    """
    words = f"{COLUMNS.get(f'{table}.{column}', '')} {COLUMNS.get(column, '')}".split()
    return [(word.removesuffix("?"), not word.endswith("?")) for word in dict.fromkeys(words)]


def event_kind(name: str) -> str:
    """Guess what sort of event a name stands for.

    Parameters
    ----------
    name : str
        As the source has it.

    Returns
    -------
    str
        A kind of usage event; empty if none is likely.

    Examples
    --------
    >>> event_kind("upgrade_modal_viewed"), event_kind("Report Exported"), event_kind("dashboard")
    ('upgrade_prompt', 'export', '')
    """
    words = plain(name)
    if words in USAGE_KINDS:
        return words
    for kind, patterns in EVENTS:
        if any(fnmatchcase(words, pattern) for pattern in patterns.split()):
            return kind
    return ""


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
