from __future__ import annotations

import flows.retrain
from flows.retrain import retrain
from pipeline.storage.run_log import RETRAINING, RunLog


def test_the_flow_says_its_verdict_and_shows_no_field_on_the_server(own_state, monkeypatch):
    shown = {}
    monkeypatch.setattr(flows.retrain, "publish_page", lambda key, page: shown.update({key: page}))
    assert retrain.fn() == "not trained"
    assert shown["retraining"].startswith("# Retraining: not trained\n")
    assert "name forms in the setting learn_from" in shown["retraining"]
    (page,) = (own_state / "retraining").glob("*/retraining.html")
    assert str(page) in shown["retraining"]
    with RunLog.open(f"sqlite:///{own_state}/fieldreader.db") as log:
        assert len(log.runs(RETRAINING)) == 1
