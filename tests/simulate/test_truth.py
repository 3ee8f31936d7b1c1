"""The world is run again from a date, with many other futures, and what happens is compared with the truth."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from simulate_worlds import chronicle  # placeholder
