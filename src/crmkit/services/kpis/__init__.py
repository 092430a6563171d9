"""KPIs: periods, intervals and the engine that measures."""
