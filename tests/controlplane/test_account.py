"""Logging in: the first administrator, invitations, passwords, tokens."""

from tests.controlplane.harness import PASSWORD, Node


def test_the_first_administrator_needs_the_printed_code(empty_node: Node) -> None:
    node = empty_node
    body = {"code": "guessed", "name": "root", "password": PASSWORD}
    assert node.refused("POST", "/login/code", json=body)[0] == 401
    node.first_administrator()
    who = node.api("GET", "/whoami", by="root")
    assert who["principal"]["groups"] == ["admins"]
    assert "manage_principals" in who["may"]


def test_there_is_one_first_administrator(node: Node) -> None:
    assert node.run(node.services.login.first_administrator_code()) is None


def test_a_person_sets_a_password_once_and_logs_in_with_it(node: Node) -> None:
    created = node.api("POST", "/principals", by="root", json={"name": "kim", "groups": ["oncall"]})
    body = {"code": created["code"], "password": PASSWORD}
    node.api("POST", "/login/code", json=body)
    assert node.refused("POST", "/login/code", json=body)[1]["rule"] == "login.code"
    token = node.api("POST", "/login", json={"name": "kim", "password": PASSWORD})
    assert token["principal"]["groups"] == ["oncall"]


def test_wrong_and_unknown_get_the_same_answer(node: Node) -> None:
    wrong = node.refused("POST", "/login", json={"name": "ana", "password": "wrong" + PASSWORD})
    unknown = node.refused("POST", "/login", json={"name": "nobody", "password": PASSWORD})
    assert wrong == unknown
    assert wrong[0] == 401


def test_too_many_attempts_are_told_to_wait(node: Node) -> None:
    for _ in range(10):
        node.refused("POST", "/login", json={"name": "ana", "password": "wrong"})
    status, problem = node.refused("POST", "/login", json={"name": "ana", "password": PASSWORD})
    assert (status, problem["rule"]) == (429, "login.too_many")


def test_logging_out_voids_the_token(node: Node) -> None:
    node.api("POST", "/logout", by="ana")
    assert node.refused("GET", "/whoami", by="ana")[1]["detail"] == "this login is over"


def test_a_password_is_changed_by_its_owner_only(node: Node) -> None:
    new = PASSWORD + " and more"
    assert node.refused("PUT", "/password", by="ana", json={"old": "wrong", "new": new})[0] == 401
    node.api("PUT", "/password", by="ana", json={"old": PASSWORD, "new": new})
    node.api("POST", "/login", json={"name": "ana", "password": new})


def test_a_sponsor_issues_the_tokens_of_its_agent(node: Node) -> None:
    node.api("POST", "/principals", by="root", json={"name": "bot", "kind": "agent", "sponsor": "ana"})
    assert node.refused("POST", "/agents/bot/tokens", by="ben")[1]["rule"] == "agent.sponsor"
    node.tokens["bot"] = node.api("POST", "/agents/bot/tokens", by="ana")["token"]
    assert node.api("GET", "/whoami", by="bot")["may"] == []


def test_an_agent_without_a_sponsor_and_a_person_with_one(node: Node) -> None:
    assert node.refused("POST", "/principals", by="root", json={"name": "bot", "kind": "agent"})[0] == 422
    assert node.refused("POST", "/principals", by="root", json={"name": "joe", "sponsor": "ana"})[0] == 422


def test_groups_of_others_are_changed_and_ones_own_not(node: Node) -> None:
    changed = node.api("PUT", "/principals/eve/groups", by="root", json={"groups": ["security"]})
    assert changed["groups"] == ["security"]
    node.api("GET", "/audit/records", by="eve")
    own = "/".join(("/principals", "root", "groups"))
    assert node.refused("PUT", own, by="root", json={"groups": []})[1]["rule"] == "principal.own"


def test_passwords_are_in_no_record_and_no_answer(node: Node) -> None:
    text = repr(node.audit.events) + str(node.api("GET", "/principals", by="root"))
    assert PASSWORD not in text
