"""The built-in report: one self-contained page, rendered from plain data."""

from crmkit.builtin.report.page import render_report
from crmkit.builtin.report.view import ReportView

__all__ = ["ReportView", "render_report"]
