"""The company's room: one entrance for placement, wage subsidy and help to recruit."""
