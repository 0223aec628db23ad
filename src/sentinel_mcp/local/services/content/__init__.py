"""Automation, content hub, summary rules, recommendations, workbooks."""
