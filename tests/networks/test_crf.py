"""The CRF against an enumeration of all paths, and against loops over a single long sequence."""

import math
from itertools import pairwise, product
from typing import NamedTuple

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from spacy_lstm_tagger.networks import CRF
from spacy_lstm_tagger.networks.crf import chains, forward_backward, viterbi
from spacy_lstm_tagger.networks.crf import crf as crf_module
from spacy_lstm_tagger.networks.crf.forward_backward import (
    MAX_RATIO,
    Logarithms,
    Numbers,
    Probabilities,
    bound_ratio,
    compute_log_partition,
    compute_marginals,
    find_reach,
)

many_examples = settings(max_examples=300)
PARAMETERS = ("start", "transitions", "end")
NUMBERS = pytest.mark.parametrize("numbers", [Probabilities, Logarithms])


class Problem(NamedTuple):
    """Sequences with an annotation, and a CRF."""

    crf: CRF
    emissions: Tensor
    lengths: Tensor
    allowed: Tensor


def make_crf(n_labels: int, scale: float = 1.0) -> CRF:
    crf = CRF(n_labels).double()
    for parameter in crf.parameters():
        nn.init.normal_(parameter, 0.0, scale)
    return crf


def draw_mask(draw: st.DrawFn, *shape: int) -> Tensor:
    """All true, mostly true, or anything."""
    n = math.prod(shape)
    flags = draw(
        st.just([True] * n)
        | st.lists(st.sampled_from([True, True, True, False]), min_size=n, max_size=n)
        | st.lists(st.booleans(), min_size=n, max_size=n)
    )
    return torch.tensor(flags, dtype=torch.bool).reshape(shape)


def constrain(draw: st.DrawFn, crf: CRF) -> None:
    n = len(crf.start)
    crf.constrain(draw_mask(draw, n), draw_mask(draw, n, n), draw_mask(draw, n))


def draw_annotation(draw: st.DrawFn, n_labels: int, n_tokens: int) -> Tensor:
    """A label, all but one, all, or any set of labels, which may be empty."""
    one = torch.eye(n_labels, dtype=torch.bool)
    of_token = (
        st.sampled_from(list(one))
        | st.sampled_from(list(~one))
        | st.just(torch.ones(n_labels, dtype=torch.bool))
        | st.lists(st.booleans(), min_size=n_labels, max_size=n_labels).map(torch.tensor)
    )
    kinds = st.sampled_from(list(one)) | of_token  # full annotation, too, of whole sequences
    rows = draw(st.lists(draw(st.sampled_from([of_token, kinds])), min_size=n_tokens, max_size=n_tokens))
    return torch.stack(rows) if rows else torch.ones(0, n_labels, dtype=torch.bool)


lengths_of_batches = st.lists(st.integers(0, 5), max_size=4)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    n_labels = draw(st.integers(1, 4))
    lengths = draw(lengths_of_batches)
    scale = draw(st.sampled_from([0.1, 1.0, 10.0, 300.0]))
    crf = make_crf(n_labels, scale)
    constrain(draw, crf)
    emissions = scale * torch.randn(sum(lengths), n_labels, dtype=torch.float64)
    whole = draw(st.sampled_from(["full", "partial", "missing"]))
    allowed = draw_annotation(draw, n_labels, len(emissions))
    if whole == "full":
        allowed = torch.eye(n_labels, dtype=torch.bool)[torch.randint(n_labels, (len(emissions),))]
    elif whole == "missing":  # of the first sequence
        allowed[: sum(lengths[:1])] = True
    return Problem(crf, emissions, torch.tensor(lengths, dtype=torch.int64), allowed)


class Paths(NamedTuple):
    """All paths of a sequence that are permitted: labels `(paths, tokens)`, scores `(paths,)`."""

    labels: Tensor
    scores: Tensor

    def agree(self, allowed: Tensor) -> Tensor:
        """RETURNS (Tensor): Which paths an annotation allows, `(paths,)`."""
        return allowed[torch.arange(len(allowed)), self.labels].all(1)


def is_permitted(crf: CRF, path: tuple[int, ...]) -> bool:
    if not path:
        return True
    moves = pairwise(path)
    inner = all(bool(crf.may_follow[move]) for move in moves)
    return inner and bool(crf.may_start[path[0]]) and bool(crf.may_end[path[-1]])


def enumerate_paths(crf: CRF, emissions: Tensor) -> Paths:
    """One sequence's paths, in any order."""
    n_tokens, n_labels = emissions.shape
    found = [path for path in product(range(n_labels), repeat=n_tokens) if is_permitted(crf, path)]
    labels = torch.tensor(found, dtype=torch.int64).reshape(len(found), n_tokens)
    scores = emissions[torch.arange(n_tokens), labels].sum(1)
    if n_tokens:
        scores = scores + crf.start[labels[:, 0]] + crf.end[labels[:, -1]]
        scores = scores + crf.transitions[labels[:, :-1], labels[:, 1:]].sum(1)
    return Paths(labels, scores)


def enumerate_all(problem: Problem) -> list[Paths]:
    parts = problem.emissions.split(problem.lengths.tolist())
    return [enumerate_paths(problem.crf, part) for part in parts]


def split(problem: Problem, values: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """RETURNS (Tuple[Tensor, ...]): Each sequence's part of what the tokens have."""
    return values.split(problem.lengths.tolist(), dim)


def stack(numbers: list[Tensor]) -> Tensor:
    return torch.stack(numbers) if numbers else torch.zeros(0, dtype=torch.float64)


def likelihoods_by_paths(problem: Problem) -> Tensor:
    likelihoods = []
    for paths, allowed in zip(enumerate_all(problem), split(problem, problem.allowed), strict=True):
        agree = paths.agree(allowed)
        says_something = bool(agree.any()) and not allowed.all()
        numerator, partition = paths.scores[agree].logsumexp(0), paths.scores.logsumexp(0)
        likelihoods.append(
            numerator - partition if says_something else torch.zeros((), dtype=torch.float64)
        )
    return stack(likelihoods)


def assert_close(found: Tensor, expected: Tensor, tolerance: float = 1e-5) -> None:
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=1e-10, check_dtype=False)


# Against all paths


@many_examples
@given(problems())
def test_log_partition_equals_brute_force(problem: Problem) -> None:
    found = problem.crf.log_partition(problem.emissions, problem.lengths)
    assert_close(found, stack([paths.scores.logsumexp(0) for paths in enumerate_all(problem)]))


@many_examples
@given(problems())
def test_likelihood_and_gradient_equal_brute_force(problem: Problem) -> None:
    crf, emissions = problem.crf, problem.emissions.requires_grad_()
    inputs = [emissions, *(getattr(crf, name) for name in PARAMETERS)]
    found = crf.log_likelihood(emissions, problem.lengths, problem.allowed)
    expected = likelihoods_by_paths(problem)
    assert_close(found, expected)
    weights = torch.randn(len(found), dtype=torch.float64)
    gradients = torch.autograd.grad(found @ weights, inputs)
    of_paths = torch.zeros(len(inputs))
    if expected.requires_grad:
        of_paths = torch.autograd.grad(expected @ weights, inputs, allow_unused=True)
        for gradient, wanted in zip(gradients, of_paths, strict=True):
            assert_close(gradient, torch.zeros_like(gradient) if wanted is None else wanted)
    else:
        assert not any(gradient.any() for gradient in gradients)


@many_examples
@given(problems())
def test_possible_sequences_are_those_with_a_path(problem: Problem) -> None:
    found = problem.crf.is_possible(problem.allowed, problem.lengths)
    parts = zip(enumerate_all(problem), split(problem, problem.allowed), strict=True)
    assert found.tolist() == [bool(paths.agree(allowed).any()) for paths, allowed in parts]


@many_examples
@given(problems())
def test_marginals_equal_brute_force(problem: Problem) -> None:
    marginals = problem.crf.marginals(problem.emissions, problem.lengths)
    assert marginals.dtype == torch.float32
    labels = torch.arange(problem.emissions.shape[1])
    for paths, found in zip(enumerate_all(problem), split(problem, marginals), strict=True):
        has_label = paths.labels[:, :, None] == labels  # (paths, tokens, labels)
        expected = (paths.scores.softmax(0)[:, None, None] * has_label).sum(0)
        assert_close(found, expected)
        assert not found[~has_label.any(0)].any()  # exactly zero where no path is


@many_examples
@given(problems())
def test_best_path_equals_brute_force(problem: Problem) -> None:
    tags, scores = problem.crf.viterbi(problem.emissions, problem.lengths)
    assert tags.dtype == torch.int64
    for paths, found, score in zip(enumerate_all(problem), split(problem, tags), scores, strict=True):
        if not len(paths.scores):
            assert score == -torch.inf
            assert found.eq(-1).all()
            continue
        assert_close(score, paths.scores.max())
        assert_close(paths.scores[(paths.labels == found).all(1)], paths.scores.max()[None])


@many_examples
@given(problems(), st.integers(1, 12))
def test_n_best_paths_equal_brute_force(problem: Problem, k: int) -> None:
    tags, log_probs = problem.crf.n_best(problem.emissions, problem.lengths, k)
    assert tags.shape == (k, len(problem.emissions))
    assert log_probs.dtype == torch.float32
    for paths, found, found_log_probs in zip(
        enumerate_all(problem), split(problem, tags, 1), log_probs, strict=True
    ):
        expected, order = paths.scores.log_softmax(0).sort(descending=True)
        n = min(k, len(order))
        torch.testing.assert_close(found_log_probs[:n].double(), expected[:n], atol=1e-5, rtol=1e-6)
        assert found_log_probs[n:].eq(-torch.inf).all()
        assert found[n:].eq(-1).all()
        assert len({tuple(path.tolist()) for path in found[:n]}) == n
        for path, log_prob in zip(found[:n], expected[:n], strict=True):
            is_it = (paths.labels[order] == path).all(1)
            assert_close(expected[is_it], log_prob[None])


# Gradients


@NUMBERS
@pytest.mark.parametrize("is_constrained", [False, True])
def test_gradient_is_that_of_finite_differences(numbers: Numbers, is_constrained: bool) -> None:
    crf = make_crf(3)
    if is_constrained:
        may_follow = torch.tensor([[1, 1, 0], [0, 1, 1], [1, 0, 1]]).bool()
        crf.constrain(torch.tensor([True, True, False]), may_follow, torch.tensor([True, False, True]))
    lengths = torch.tensor([2, 0, 4, 1])
    emissions = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    allowed = torch.tensor(
        [[1, 0, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1], [0, 0, 1], [1, 1, 1], [1, 1, 0]]
    ).bool()
    assert crf.is_possible(allowed, lengths).all()

    inputs = (emissions, *crf.parameters())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crf_module, "MAX_RATIO", math.inf if numbers is Probabilities else -math.inf)
        assert crf._choose_numbers(emissions) is numbers
        assert torch.autograd.gradcheck(lambda *_: crf.log_likelihood(emissions, lengths, allowed), inputs)
        assert torch.autograd.gradcheck(lambda *_: crf.log_partition(emissions, lengths), inputs)


@pytest.mark.parametrize("forbid", [False, True])
def test_annotation_that_says_nothing_has_no_gradient(forbid: bool) -> None:
    crf = make_crf(3)
    if forbid:  # label 0 can neither start nor follow
        may = torch.tensor([False, True, True])
        crf.constrain(may, may.expand(3, 3), torch.ones(3, dtype=torch.bool))
    lengths = torch.tensor([4, 0, 3])
    emissions = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    allowed = torch.ones(7, 3, dtype=torch.bool)
    if forbid:
        allowed[5, 1:] = False  # the last sequence has only label 0
        assert crf.is_possible(allowed, lengths).tolist() == [True, True, False]
    likelihoods = crf.log_likelihood(emissions, lengths, allowed)
    likelihoods.sum().backward()
    assert not likelihoods.any()
    for tensor in (emissions, *crf.parameters()):
        assert tensor.grad is not None
        assert not tensor.grad.any()


def test_gradient_of_the_log_partition_without_paths_is_zero() -> None:
    crf = make_crf(6)
    crf.constrain(torch.ones(6).bool(), torch.ones(6, 6).bool(), torch.zeros(6).bool())
    for scale in (1.0, 1e4):
        emissions = (scale * torch.randn(9, 6)).requires_grad_()
        log_partition = crf.log_partition(emissions, torch.tensor([4, 5]))
        assert log_partition.eq(-torch.inf).all()
        gradients = torch.autograd.grad(log_partition.sum(), [emissions, *crf.parameters()])
        assert all(gradient.double().abs().max() < 1e-300 for gradient in gradients)


# Two kinds of numbers


@many_examples
@given(problems())
def test_both_kinds_of_numbers_agree(problem: Problem) -> None:
    assume(problem.crf._choose_numbers(problem.emissions) is Probabilities)
    assert_numbers_agree(problem.crf, problem.emissions, problem.lengths)


def assert_numbers_agree(crf: CRF, emissions: Tensor, lengths: Tensor) -> None:
    found = []
    for numbers in (Probabilities, Logarithms):
        inputs = [emissions.detach().requires_grad_(), *crf.parameters()]
        packed = crf._pack(inputs[0], lengths, torch.float64)
        log_partition = compute_log_partition(packed, numbers)
        marginals = compute_marginals(packed, numbers)
        is_sum = log_partition > -torch.inf
        total = torch.where(is_sum, log_partition, 0.0).sum()
        gradients = torch.autograd.grad(total, inputs) if len(emissions) else ()
        found.append([log_partition, marginals, *gradients])
    for left, right in zip(*found, strict=True):
        assert_close(left.detach(), right.detach(), 1e-9)


@many_examples
@given(st.data(), st.integers(2, 5), st.integers(1, 12))
def test_no_probability_is_lost_within_the_bound(data: st.DataObject, n_labels: int, length: int) -> None:
    """Scores are as far apart as the bound lets them be, and each is the largest or the smallest."""
    crf = CRF(n_labels).double()
    constrain(data.draw, crf)
    reach = crf.reach.item()
    assume(reach < length)
    scale = MAX_RATIO / (reach + 1) - math.log(n_labels)
    emissions = scale / 3 * torch.randint(2, (length, n_labels), dtype=torch.float64)
    crf.transitions.data = scale / 3 * torch.randint(2, (n_labels, n_labels), dtype=torch.float64)
    crf.end.data = scale / 3 * torch.randint(2, (n_labels,), dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crf_module, "MAX_RATIO", MAX_RATIO + 1e-6)
        assert crf._choose_numbers(emissions) is Probabilities
    assert_numbers_agree(crf, emissions, torch.tensor([length]))


def test_wide_scores_are_not_taken_as_probabilities() -> None:
    crf = make_crf(3)
    emissions = torch.zeros(4, 3)
    assert crf._choose_numbers(emissions) is Probabilities
    for far in (1e4, -1e4, math.nan, math.inf, -math.inf):
        emissions[2, 1] = far
        assert crf._choose_numbers(emissions) is Logarithms
    for name in PARAMETERS:
        crf = make_crf(3)
        assert crf._choose_numbers(torch.zeros(4, 3)) is Probabilities
        getattr(crf, name).data.view(-1)[0] = 1e4
        assert crf._choose_numbers(torch.zeros(4, 3)) is Logarithms
    # A hundred steps in one label, to which none leads back.
    crf = make_crf(2)
    crf.constrain(torch.ones(2).bool(), torch.tensor([[True, True], [False, True]]), torch.ones(2).bool())
    assert crf._choose_numbers(torch.zeros(4, 2)) is Logarithms


def test_annotation_may_keep_apart_what_constraints_do_not() -> None:
    """The only way from 0 to 1 is through 2, which the annotation excludes. The path of 0s, ever more
    probable than that of 1s, ends in a label that is not allowed.
    """
    crf, n = CRF(3), 100
    may_follow = torch.tensor([[1, 0, 1], [0, 1, 1], [1, 1, 1]]).bool()
    crf.constrain(torch.ones(3).bool(), may_follow, torch.ones(3).bool())
    emissions, lengths = torch.tensor([[20.0, 0.0, 0.0]]).repeat(n, 1), torch.tensor([n])
    assert crf._choose_numbers(emissions) is Probabilities
    allowed = torch.tensor([[True, True, False]]).repeat(n, 1)
    allowed[-1, 0] = False
    likelihood = crf.log_likelihood(emissions, lengths, allowed)
    assert_close(likelihood.detach(), -crf.log_partition(emissions, lengths).detach())
    assert likelihood < -1000


@pytest.mark.parametrize(
    ("moves", "reach"),
    [
        (["00", "01", "10", "11"], 1),
        (["00", "01", "10"], 2),  # 1 is left only for 0
        (["00", "01", "11"], math.inf),  # nothing leads back to 0
        (["01", "10"], math.inf),  # odd steps and even ones
        (["01"], 1),  # then there is no step
        (["01", "12"], 2),
        ([], 1),
        (["00"], 1),
        (["02", "12", "20", "21", "22"], 2),
    ],
)
def test_reach(moves: list[str], reach: float) -> None:
    may_follow = torch.zeros(3, 3, dtype=torch.bool)
    for left, right in moves:
        may_follow[int(left), int(right)] = True
    assert find_reach(may_follow) == reach


@given(st.integers(1, 6).flatmap(lambda n: st.lists(st.booleans(), min_size=n * n, max_size=n * n)))
def test_reach_is_that_of_counting_steps(flat: list[bool]) -> None:
    n = math.isqrt(len(flat))
    may_follow = torch.tensor(flat).view(n, n)
    reached, found = may_follow, math.inf
    for steps in range(1, 65):
        rows = {tuple(row) for row in reached.tolist() if any(row)}
        if len(rows) <= 1:
            found = steps
            break
        reached = (reached.float() @ may_follow.float()) > 0
    assert find_reach(may_follow) == found


def test_bound_grows_with_all_that_it_is_made_of() -> None:
    assert bound_ratio(1, 1, 3.0, 4.0) == pytest.approx(14.0)
    assert bound_ratio(2, 1, 3.0, 4.0) == pytest.approx(21.0)
    assert bound_ratio(1, 8, 0.0) == pytest.approx(2 * math.log(8))


# Long sequences


class Reference(NamedTuple):
    """What a loop over one sequence gives."""

    log_partition: Tensor
    best_score: Tensor
    best_path: Tensor


@torch.no_grad()
def read_by_loop(crf: CRF, emissions: Tensor) -> Reference:
    """The textbook's recursions in float64, without normalization."""
    emissions, start, transitions, end = (
        tensor.double() for tensor in (emissions, crf.start, crf.transitions, crf.end)
    )
    alpha = delta = start + emissions[0]
    pointers = []
    for row in emissions[1:]:
        alpha = (alpha[:, None] + transitions).logsumexp(0) + row
        delta, pointer = (delta[:, None] + transitions).max(0)
        delta = delta + row
        pointers.append(pointer)
    path = [int((delta + end).argmax())]
    for pointer in reversed(pointers):
        path.append(int(pointer[path[-1]]))
    return Reference((alpha + end).logsumexp(0), (delta + end).max(), torch.tensor(path[::-1]))


@pytest.mark.parametrize(
    ("scale", "level", "numbers"),
    [(1.0, 0.0, Probabilities), (1.0, 1e4, Probabilities), (1e4, 0.0, Logarithms)],
)
def test_ten_thousand_tokens_stay_exact(scale: float, level: float, numbers: Numbers) -> None:
    n, n_labels = 10_000, 4
    crf = make_crf(n_labels).float()
    emissions = torch.empty(n, n_labels).uniform_(-scale, scale)
    emissions += level * torch.empty(n, 1).uniform_(-1, 1)  # of all labels alike
    emissions.requires_grad_()
    lengths = torch.tensor([n])
    assert crf._choose_numbers(emissions) is numbers
    expected = read_by_loop(crf, emissions)
    (log_partition,) = crf.log_partition(emissions, lengths)
    assert_close(log_partition.detach(), expected.log_partition, 1e-5)

    gold = torch.randint(n_labels, (n,))
    score = emissions.detach().double()[torch.arange(n), gold].sum()
    score += crf.transitions.detach().double()[gold[:-1], gold[1:]].sum()
    score += crf.start.detach()[gold[0]].double() + crf.end.detach()[gold[-1]].double()
    allowed = torch.eye(n_labels, dtype=torch.bool)[gold]
    (likelihood,) = crf.log_likelihood(emissions, lengths, allowed)
    assert_close(likelihood.detach(), score - expected.log_partition, 1e-5)
    gradients = torch.autograd.grad(likelihood, [emissions, *crf.parameters()])
    assert all(gradient.isfinite().all() for gradient in gradients)
    # A gold label's is 1 less its probability; what one label gains, others lose.
    assert_close(gradients[0], allowed.float() - crf.marginals(emissions, lengths))
    assert_close(gradients[0].double().sum(1), torch.zeros(n))

    tags, (best_score,) = crf.viterbi(emissions, lengths)
    assert_close(best_score, expected.best_score, 1e-2)  # paths are compared in float32
    # Read together with another one.
    beside, scores = crf.viterbi(torch.cat([emissions, emissions[:1]]), torch.tensor([n, 1]))
    assert_close(scores[0], expected.best_score, 1e-2)
    n_best, log_probs = crf.n_best(emissions, lengths, 2)
    assert_close(log_probs[0, 0], expected.best_score - expected.log_partition, 1e-3)
    assert log_probs[0, 0] >= log_probs[0, 1]
    if not level:  # no path is nearly as good
        assert torch.equal(tags, expected.best_path)
        assert torch.equal(beside[:-1], expected.best_path)
    assert torch.equal(n_best[0], expected.best_path)


@given(st.integers(1, 4), st.integers(1, 3))
def test_marginals_are_the_gradient_of_the_log_partition(n_labels: int, depth: int) -> None:
    crf = make_crf(n_labels)
    lengths = torch.tensor([3, 0, 5 * depth])
    emissions = torch.randn(int(lengths.sum()), n_labels, requires_grad=True)
    (gradient,) = torch.autograd.grad(crf.log_partition(emissions, lengths).sum(), emissions)
    assert gradient.dtype == torch.float32
    assert_close(gradient, crf.marginals(emissions, lengths))


# What is the same in any batch


@given(problems(), st.integers(1, 40))
def test_size_of_blocks_changes_nothing(problem: Problem, size: int) -> None:
    def compute() -> list[Tensor]:
        crf, emissions, lengths, allowed = problem
        emissions = (300 * emissions).requires_grad_()
        likelihood = crf.log_likelihood(emissions, lengths, allowed).sum()
        gradients = torch.autograd.grad(likelihood, [emissions, *crf.parameters()])
        return [
            likelihood,
            *gradients,
            *crf.viterbi(emissions, lengths),
            *crf.n_best(emissions, lengths, 3),
        ]

    expected = compute()
    with pytest.MonkeyPatch.context() as patch:
        for module in (chains, forward_backward, viterbi):
            patch.setattr(module, "BLOCK", size)
        found = compute()
    for left, right in zip(found, expected, strict=True):
        assert_close(left.detach(), right.detach(), 1e-9)


def test_nothing_handed_in_is_written_to() -> None:
    crf, lengths = make_crf(3), torch.tensor([3, 0, 2])
    emissions, allowed = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 3) > -1
    before = [tensor.clone() for tensor in (emissions, lengths, allowed, *crf.state_dict().values())]
    crf.log_likelihood(emissions, lengths, allowed).sum().backward()
    crf.marginals(emissions, lengths)
    crf.viterbi(emissions, lengths)
    crf.n_best(emissions, lengths, 2)
    assert all(map(torch.equal, (emissions, lengths, allowed, *crf.state_dict().values()), before))


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_empty_sequences(lengths: list[int]) -> None:
    crf = make_crf(3)
    crf.constrain(torch.zeros(3).bool(), torch.zeros(3, 3).bool(), torch.zeros(3).bool())
    emissions, n = torch.zeros(0, 3, requires_grad=True), torch.tensor(lengths, dtype=torch.int64)
    likelihood = crf.log_likelihood(emissions, n, torch.zeros(0, 3, dtype=torch.bool))
    likelihood.sum().backward()
    assert likelihood.tolist() == crf.log_partition(emissions, n).tolist() == [0.0] * len(lengths)
    assert crf.is_possible(torch.zeros(0, 3, dtype=torch.bool), n).tolist() == [True] * len(lengths)
    assert crf.marginals(emissions, n).shape == (0, 3)
    tags, scores = crf.viterbi(emissions, n)
    assert tags.shape == (0,)
    assert scores.tolist() == [0.0] * len(lengths)
    tags, log_probs = crf.n_best(emissions, n, 2)
    assert tags.shape == (2, 0)
    assert log_probs.tolist() == [[0.0, -math.inf]] * len(lengths)  # the path without labels


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_precision_of_what_comes_back(dtype: torch.dtype) -> None:
    crf, lengths = CRF(3), torch.tensor([4])
    emissions = torch.randn(4, 3).to(dtype).requires_grad_()
    likelihood = crf.log_likelihood(emissions, lengths, torch.eye(3, dtype=torch.bool)[[0, 1, 2, 0]])
    likelihood.sum().backward()
    assert likelihood.dtype == crf.log_partition(emissions, lengths).dtype == torch.float64
    assert emissions.grad is not None
    assert emissions.grad.dtype == dtype
    # Without transitions, tokens are independent of each other.
    expected = emissions.detach().double().log_softmax(1)
    assert_close(likelihood.detach(), expected[range(4), [0, 1, 2, 0]].sum()[None], 1e-9)
    assert_close(crf.marginals(emissions, lengths), expected.exp())
    assert torch.equal(crf.viterbi(emissions, lengths)[0], expected.argmax(1))


# Constraints


def test_forbidden_transitions_never_occur() -> None:
    crf = make_crf(4)
    may_follow = torch.rand(4, 4) < 0.6
    may_follow.fill_diagonal_(True)
    may_start, may_end = torch.tensor([True, False, True, True]), torch.tensor([True, True, True, False])
    crf.constrain(may_start, may_follow, may_end)
    with torch.no_grad():  # what is forbidden would be best
        for name, may in zip(PARAMETERS, (may_start, may_follow, may_end), strict=True):
            getattr(crf, name)[~may] += 50
    lengths = torch.randint(1, 30, (40,))
    emissions = torch.randn(int(lengths.sum()), 4)
    tags, _ = crf.viterbi(emissions, lengths)
    paths, log_probs = crf.n_best(emissions, lengths, 3)
    for i, part in enumerate(torch.cat([tags[None], paths]).split(lengths.tolist(), 1)):
        for path, log_prob in zip(part, [0.0, *log_probs[i]], strict=True):
            assert is_permitted(crf, tuple(path.tolist())) if log_prob > -math.inf else path.eq(-1).all()
    ends = lengths.cumsum(0)
    marginals = crf.marginals(emissions, lengths)
    assert not marginals[ends - lengths][:, ~may_start].any()
    assert not marginals[ends - 1][:, ~may_end].any()


def test_constraints_replace_those_before_and_travel_with_the_weights() -> None:
    crf, lengths = make_crf(3), torch.tensor([6])
    emissions = torch.randn(6, 3, dtype=torch.float64)
    free = crf.log_partition(emissions, lengths)
    all_may = torch.ones(3).bool(), torch.ones(3, 3).bool(), torch.ones(3).bool()
    crf.constrain(torch.tensor([True, False, False]), torch.eye(3).bool(), all_may[2])
    assert crf.viterbi(emissions, lengths)[0].tolist() == [0] * 6
    other = CRF(3).double()
    other.load_state_dict(crf.state_dict())
    assert torch.equal(other.log_partition(emissions, lengths), crf.log_partition(emissions, lengths))
    assert other.viterbi(emissions, lengths)[0].tolist() == [0] * 6
    assert other._choose_numbers(emissions) is Logarithms
    crf.constrain(*all_may)
    assert torch.equal(crf.log_partition(emissions, lengths), free)
    assert crf._choose_numbers(emissions) is Probabilities


def test_all_paths_start_out_equally_likely() -> None:
    crf = CRF(4)
    log_partition = crf.log_partition(torch.zeros(5, 4), torch.tensor([3, 2]))
    assert_close(log_partition.detach(), torch.tensor([3.0, 2.0]) * math.log(4))


def test_learning_a_transition() -> None:
    """Emissions that say nothing, and labels that take turns."""
    crf = CRF(2)
    lengths, gold = torch.tensor([6, 5]), torch.tensor([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0])
    emissions, allowed = torch.zeros(11, 2), torch.eye(2, dtype=torch.bool)[gold]
    optimizer = torch.optim.SGD(crf.parameters(), lr=0.5)
    for _ in range(30):
        optimizer.zero_grad()
        (-crf.log_likelihood(emissions, lengths, allowed).sum()).backward()
        optimizer.step()
    assert torch.equal(crf.viterbi(emissions, lengths)[0], gold)
    assert crf.log_likelihood(emissions, lengths, allowed).exp().min() > 0.9
