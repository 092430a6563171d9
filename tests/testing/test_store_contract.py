"""The store contract itself: each of its checks catches the fault that it is about, and no other check does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from crmkit.builtin.memory import MemoryStore, MemoryTransaction
from crmkit.ports.store import Store
from crmkit.testing.specimens import SPECIMENS
from crmkit.testing.store import StoreContract
from tests.testing.faulty_stores import (
    AddsFirst,
    Boasts,
    BrokenStore,
    CallsByFiveLetters,
    ClaimsAll,
    ClaimsAnything,
    ClaimsForNobody,
    ClaimsWithoutFence,
    ComplainsOfRepeats,
    CountsTrue,
    CreatesAtOnce,
    ExpectsNothing,
    FoldsKeys,
    FollowsInItsOwnOrder,
    ForgetsByUndoing,
    ForgetsIndexes,
    GetsSome,
    GuardsForgotten,
    GuestUndeclared,
    IgnoresOnePer,
    KeepsFactsAsTheyWere,
    KeepsRemovedBlobs,
    KeepsRolledBack,
    KeepsSavepoints,
    KnowsNoUnknown,
    LastPageGoesOn,
    LedgerWithoutFold,
    LosesMicroseconds,
    LosesTheEdge,
    MissingClaims,
    MissingIsUnequal,
    NamesAnotherKey,
    NeverEnds,
    PurgesTooMuch,
    ReadsWhatIsNew,
    RoundsTotals,
    SharesCompanies,
    ShufflesCells,
    SkipsTies,
    SpacePerThread,
    StopsAtAConflict,
    TakesAnyType,
    TakesIds,
    TellsOfWhatIsNotThere,
    ThreeValued,
    TruncatesSeconds,
    TrustsCursors,
    TrustsDigests,
    UpgradesForEver,
    WritesAlways,
    with_evaluator,
)

pytestmark = pytest.mark.once(each=5)


PROPERTIES = {
    "test_a_store_returns_what_it_was_given", "test_a_question_finds_what_the_language_says", "test_a_tally_counts_what_the_language_says",
    "test_access_hides_records_from_every_use",
}  # fmt: skip
CHECKS = {name for name in dir(StoreContract) if name.startswith("test_")}


@pytest.fixture(autouse=True)
def _no_shrinking() -> Iterator[None]:
    """That a property fails is enough here: nobody reads the example."""
    before = hypothesis.settings.get_current_profile_name()
    hypothesis.settings.register_profile(
        "caught",
        deadline=None,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        report_multiple_bugs=False,
    )
    hypothesis.settings.load_profile("caught")
    yield
    hypothesis.settings.load_profile(before)


def failing(store: type[Store], names: set[str], examples: int) -> set[str]:
    """Return the checks that a store fails."""
    contract = type(
        "Contract",
        (StoreContract,),
        {"store": lambda self, types: store(types, busy_timeout_s=0.01), "examples": examples},
    )  # type: ignore[call-arg]  # memory stores take types
    return {name for name in names if not _passes(contract(), name)}


def _passes(contract: Any, name: str) -> bool:
    try:
        if name == "test_opening_creates_no_schema_and_upgrade_does":
            contract.test_opening_creates_no_schema_and_upgrade_does()
        else:
            opened = contract.store(SPECIMENS)
            opened.upgrade()
            getattr(contract, name)(opened)
    except pytest.skip.Exception:
        return True
    except (Exception, pytest.fail.Exception):  # noqa: BLE001  # whatever a faulty store raises
        return False
    return True


def test_the_memory_store_passes_all_of_it() -> None:
    """The measure of the tests below: what fails there does not fail for another reason."""
    assert failing(BrokenStore, CHECKS - PROPERTIES, 1) == set()


FAULTS: list[tuple[type[MemoryTransaction], set[str]]] = [
    (GetsSome, {"test_get_returns_what_is_there"}),
    (TakesIds, {"test_a_taken_id_is_an_answer"}),
    (NamesAnotherKey, {
        "test_a_taken_unique_key_is_an_answer", "test_unique_keys_compare_text_exactly", "test_a_sequence_is_applied_in_order",
        "test_replace_does_not_take_a_unique_key_from_another_record", "test_rehome_changes_the_customer",
        "test_a_conflict_among_thousands_leaves_the_others_applied",
    }),
    (StopsAtAConflict, {
        "test_a_taken_id_is_an_answer", "test_a_taken_unique_key_is_an_answer", "test_unique_keys_compare_text_exactly",
        "test_replace_keeps_the_new_record_where_the_version_is_as_expected", "test_a_conflict_among_thousands_leaves_the_others_applied",
    }),
    (ForgetsIndexes, {
        "test_a_taken_unique_key_is_an_answer", "test_unique_keys_compare_text_exactly", "test_a_sequence_is_applied_in_order",
        "test_replace_keeps_the_new_record_where_the_version_is_as_expected", "test_a_conflict_among_thousands_leaves_the_others_applied",
    }),
    (AddsFirst, {"test_a_sequence_is_applied_in_order"}),
    (FoldsKeys, {"test_unique_keys_compare_text_exactly"}),
    (ExpectsNothing, {
        "test_replace_keeps_the_new_record_where_the_version_is_as_expected", "test_remove_may_be_repeated", "test_rehome_changes_the_customer",
    }),
    (ComplainsOfRepeats, {"test_remove_may_be_repeated"}),
    (KeepsSavepoints, {"test_savepoints_undo_what_came_after_them", "test_a_forgotten_savepoint_leaves_its_writes"}),
    (ForgetsByUndoing, {"test_a_forgotten_savepoint_leaves_its_writes"}),
    (KeepsRolledBack, {"test_nothing_is_seen_before_the_commit_nor_kept_after_a_rollback", "test_bytes_are_kept_under_their_digest"}),
    (ReadsWhatIsNew, {"test_a_reader_sees_one_state"}),
    (WritesAlways, {"test_a_transaction_that_only_reads_refuses_to_write"}),
    (NeverEnds, {"test_a_transaction_that_is_over_is_over"}),
    (ClaimsWithoutFence, {"test_a_claim_leases_what_the_question_finds", "test_what_is_claimed_is_not_claimed_again"}),
    (ClaimsForNobody, {"test_a_claim_leases_what_the_question_finds", "test_what_is_claimed_is_not_claimed_again"}),
    (ClaimsAll, {"test_a_claim_leases_what_the_question_finds", "test_what_is_claimed_is_not_claimed_again"}),
    (ClaimsAnything, {"test_only_operational_types_are_claimed"}),
    (TrustsDigests, {"test_bytes_under_another_digest_are_refused"}),
    (KeepsRemovedBlobs, {"test_bytes_are_kept_under_their_digest"}),
    (LastPageGoesOn, {"test_the_last_page_says_that_it_is"}),
    (TrustsCursors, {"test_a_cursor_that_is_no_page_s_is_refused"}),
    (TruncatesSeconds, {"test_differences_and_products_of_numbers"}),
    (MissingClaims, {"test_a_unique_key_with_a_missing_part_claims_nothing"}),
    (KeepsFactsAsTheyWere, {"test_facts_and_tasks_are_replaced_and_removed_too"}),
    (CallsByFiveLetters, {"test_ids_are_found_by_what_people_write"}),
    (FollowsInItsOwnOrder, {"test_a_reference_is_followed_in_the_order_of_what_names_it"}),
    (SkipsTies, {"test_a_stream_yields_everything_once_in_order"}),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "caught_by"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_a_fault_of_transactions_is_caught(fault: type[MemoryTransaction], caught_by: set[str]) -> None:
    store = type("Store", (BrokenStore,), {"transactions": fault})
    assert failing(store, CHECKS - PROPERTIES, 1) == caught_by


STORES: list[tuple[type[MemoryStore], set[str]]] = [
    (UpgradesForEver, {"test_opening_creates_no_schema_and_upgrade_does"}),
    (CreatesAtOnce, {"test_opening_creates_no_schema_and_upgrade_does", "test_companies_beside_each_other_share_nothing", "test_companies_are_told"}),
    (LedgerWithoutFold, {"test_the_ledger_holds_every_declaration_and_the_folds_version"}),
    (KnowsNoUnknown, {"test_a_type_without_its_plugin_is_read_by_the_ledger"}),
    (TakesAnyType, {"test_a_record_of_a_type_that_the_store_was_not_opened_with_is_refused"}),
    (SharesCompanies, {"test_companies_beside_each_other_share_nothing", "test_companies_are_told"}),
    (TellsOfWhatIsNotThere, {"test_companies_are_told"}),
    (PurgesTooMuch, {"test_a_purge_leaves_what_is_kept"}),
    (Boasts, {"test_capabilities_are_known_words"}),
    (SpacePerThread, {"test_writers_of_several_threads_lose_nothing"}),
    (GuestUndeclared, {"test_what_is_not_declared_is_refused"}),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "caught_by"), STORES, ids=[fault.__name__ for fault, _ in STORES])
def test_a_fault_of_a_store_is_caught(fault: type[MemoryStore], caught_by: set[str]) -> None:
    assert failing(fault, CHECKS - PROPERTIES, 1) == caught_by


FINDS, TALLIES = "test_a_question_finds_what_the_language_says", "test_a_tally_counts_what_the_language_says"
ANSWERS: list[tuple[type[MemoryTransaction], str]] = [
    (LosesMicroseconds, "test_a_store_returns_what_it_was_given"),
    (CountsTrue, "test_a_store_returns_what_it_was_given"),
    (with_evaluator(MissingIsUnequal), FINDS),
    (with_evaluator(ThreeValued), FINDS),
    (with_evaluator(GuardsForgotten), "test_access_hides_records_from_every_use"),
    (RoundsTotals, TALLIES),
    (ShufflesCells, TALLIES),
    (IgnoresOnePer, TALLIES),
    (LosesTheEdge, TALLIES),
]


@pytest.mark.parametrize(("fault", "check"), ANSWERS, ids=[fault.__name__ for fault, _ in ANSWERS])
def test_a_wrong_answer_is_caught(fault: type[MemoryTransaction], check: str) -> None:
    store = type("Store", (BrokenStore,), {"transactions": fault})
    assert failing(store, {check}, 200) == {check}
