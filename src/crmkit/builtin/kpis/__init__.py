"""The supplied KPIs. Those of surveys (NPS, CSAT, customer effort) come with their survey types."""

from __future__ import annotations

from crmkit import Plugin

from .customers import cac, churn, churn_all_losses, customers, new_customers, retention, retention_formula
from .deals import (
    deal_size,
    pipeline_value,
    sales_cycle,
    time_in_stage,
    weighted_pipeline,
    win_rate,
    win_rate_value,
    won_value,
)
from .surveys import response_rate

plugin = Plugin(
    "kpis",
    offers=(
        cac, churn, churn_all_losses, customers, deal_size, new_customers, pipeline_value, response_rate,
        retention, retention_formula, sales_cycle, time_in_stage, weighted_pipeline, win_rate, win_rate_value, won_value,
    ),
)  # fmt: skip
