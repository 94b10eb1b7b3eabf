"""`sumh2 consistent`, `sumh2 atlas-test` and `sumh2 atlas-factors`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ldscores.shared.command_line import command
from ldscores.shared.errors import OptionError, UsageError


@command(group="Atlas")
def consistent(
    source: str,
    *,
    out: str | None = None,
    traits: list[str] | None = None,
    factors: int | None = None,
    no_unique: bool = False,
    metric: Literal["shrunk", "structured"] = "shrunk",
    no_hold: bool = False,
    no_replicates: bool = False,
    draws: int = 200,
    seed: int = 1,
    se: str | None = None,
    z: str | None = None,
    other: str | None = None,
    plot: str | None = None,
    heatmap: str | None = None,
) -> object:
    """Genetic correlations that fit together: the covariance matrix nearest to an atlas or a published table.

    Correlations estimated pair by pair can contradict each other (.9, .9 and .2 among three traits cannot be).  This finds
    the nearest matrix that can be, in the metric of the sampling covariance of all cells, re-fits it in every jackknife
    sample for its standard errors, and tests whether sampling error explains the contradictions.  For a table without a
    jackknife factor each cell counts by its own SE, and there is neither SE nor test.

    Parameters
    ----------
    source
        Folder of `sumh2 atlas`, or a table: a list of pairs (trait1 trait2 rg rg_se, or LDSC's p1 p2 rg se), or a square
        matrix with --se or --z.
    out
        Write <out>.tsv (a row a pair), <out>.json and <out>.log; by default the report is printed only.
    traits
        Traits of the atlas to use, separated by commas; by default all.  Those that are unusable are left out and named.
    factors
        A matrix of this many factors instead of any covariance matrix.
    no_unique
        With --factors: no genetic variance besides the factors.
    metric
        shrunk: jackknife covariance shrunk to its error structure; structured: the structure alone, whose fit is one
        eigenvalue decomposition instead of ten to thirty. From 150 traits on the command says beforehand how long either
        takes on this machine.
    no_hold
        Let heritabilities move too: the plain projection, which raises them and shrinks correlations.
    no_replicates
        No standard errors.
    draws
        Draws of the test of consistency: its p is the share of draws of sampling error that lie as far from any covariance
        matrix as the estimates do; 0 for none.
    seed
        Of the draws.
    se
        Square matrix of standard errors for a table that is a square matrix.
    z
        Square matrix of z scores instead.
    other
        For a table of one trait's correlations (no second column of names): that trait's name.
    plot
        Draw raw against consistent correlations and the eigenvalues of both, to this .png, .pdf or .svg (extra [plot]).
    heatmap
        Draw the clustered heatmap of the consistent correlations, to this .png, .pdf or .svg (extra [plot]).

    Examples
    --------
    sumh2 consistent atlas/ --out atlas.consistent
    sumh2 consistent atlas/ --factors 5 --plot moved.pdf --heatmap consistent.pdf
    sumh2 consistent rg.tsv --z rg_z.tsv --out published
    sumh2 consistent brain.csv --other EA
    """
    options = dict(locals())
    from sumh2.cli.loading import check_figures, check_outputs, draw_figure, logged, written_report

    is_atlas = Path(source).is_dir()
    check_outputs(out, [source])
    check_figures(plot=plot, heatmap=heatmap)
    _check_source_options(is_atlas, options)
    result: Any
    with logged(out) as note:
        if is_atlas:
            from sumh2.atlas.consistent import fit_consistent

            result = fit_consistent(
                read_chosen_traits(source, traits),
                n_factors=factors,
                unique=not no_unique,
                metric=metric,
                hold=not no_hold,
                replicates=not no_replicates,
                n_draws=draws,
                seed=seed,
            )
        else:
            from sumh2.atlas.consistent_table import fit_consistent_table
            from sumh2.atlas.rg_table_files import read_rg_table

            result = fit_consistent_table(read_rg_table(source, se=se, z=z, other=other))
        written = []
        if out is not None:
            inputs = [f"{source}/atlas.json"] if is_atlas else [path for path in (source, se, z) if path]
            result = result.with_provenance(_provenance(inputs, options))
            written = result.save(out)
        drawn = [
            *draw_figure(plot, "plot_consistent_panels", result), *draw_figure(heatmap, "plot_heatmap", result)
        ]  # fmt: skip
        return written_report(result, None, out, note, [*written, *drawn])


#: Flags of published tables and of atlases, and what they are where they are not given.
_OF_TABLE: dict[str, object] = {"se": None, "z": None, "other": None}
_OF_ATLAS: dict[str, object] = {"traits": None, "factors": None, "metric": "shrunk", "no_hold": False,
                                "no_replicates": False, "draws": 200, "seed": 1}  # fmt: skip


def _check_source_options(is_atlas: bool, options: dict[str, object]) -> None:
    for name, default in (_OF_TABLE if is_atlas else _OF_ATLAS).items():
        if options[name] != default:
            kinds = ("an atlas", "a table") if is_atlas else ("a table", "an atlas")
            flag = f"--{name.replace('_', '-')}"
            raise OptionError(f"{flag}: found it with {kinds[0]}, expected it with {kinds[1]} only; drop it")
    if options["no_unique"] and options["factors"] is None:
        raise OptionError("--no-unique: found it without --factors, expected both; add --factors")


def _provenance(inputs: list[str], options: dict[str, object]) -> dict[str, object]:
    from ldscores.shared.provenance import provenance

    return provenance(inputs, options)


def read_chosen_traits(folder: str, names: list[str] | None):
    """An atlas, or some of its traits."""
    from sumh2.atlas.atlas_files import read_atlas

    atlas = read_atlas(folder)
    return atlas if names is None else atlas.take([atlas.trait_number(name) for name in names])


@command(group="Atlas")
def atlas_test(
    atlas: str,
    *hypotheses: str,
    out: str | None = None,
    plot: str | None = None,
) -> object:
    """Tests on an atlas: equal correlations, equal heritabilities, blocks of zeros.

    Uses the joint sampling covariance of all cells, so that overlap of samples and shared traits are accounted for.
    Several equations in one hypothesis, joined by ; or made by braces, are tested together.

    Parameters
    ----------
    atlas
        Folder of `sumh2 atlas`.
    hypotheses
        In quotes: 'rg(a, b) = 0', 'rg(a, b) = 1', 'rg(a, b) = rg(a, c)', 'h2(a) = h2(b)', 'gcov(a, b) = 0.05',
        'rg({a, b}, {c, d}) = 0'.  A name with a blank, comma, bracket, brace, semicolon or equality sign goes in double
        quotes.
    out
        Write <out>.tsv, <out>.json and <out>.log; with one hypothesis.
    plot
        Draw the difference of the two sides of each equation with its interval, and the p-value of all, to this .png,
        .pdf or .svg (extra [plot]); with one hypothesis.

    Examples
    --------
    sumh2 atlas-test atlas/ 'rg(scz, bip) = rg(scz, mdd)'
    sumh2 atlas-test atlas/ 'h2(height) = h2(bmi)' 'rg(scz, bip) = 1'
    sumh2 atlas-test atlas/ 'rg({height, bmi}, {scz, bip, mdd}) = 0' --out anthropometry
    sumh2 atlas-test atlas/ 'rg(scz, {bip, mdd, asd}) = 0.5' --plot equal.pdf
    """
    options = dict(locals())
    from sumh2.atlas.atlas_files import read_atlas
    from sumh2.atlas.hypotheses import check_hypothesis
    from sumh2.cli.loading import check_figures, check_outputs, draw_figure, logged, written_report

    if not hypotheses:
        raise UsageError("atlas-test: found no hypothesis, expected one or more; name it, as in 'rg(a, b) = 0'")
    for flag, path in (("--out", out), ("--plot", plot)):
        if path is not None and len(hypotheses) > 1:
            raise OptionError(f"{flag}: found several hypotheses, expected one with {flag}; run them one by one")
    check_outputs(out, [atlas])
    check_figures(plot=plot)
    with logged(out) as note:
        read = read_atlas(atlas)
        results = [check_hypothesis(read, hypothesis) for hypothesis in hypotheses]
        if out is None and plot is None:
            return "\n\n".join(str(result) for result in results)
        result = results[0].with_provenance(_provenance([f"{atlas}/atlas.json"], options))
        written: list[str | Path] = []
        if out is not None:
            written += result.save(out)
        written += draw_figure(plot, "plot_hypothesis", result)
        return written_report(result, None, out, note, written)


@command(group="Atlas")
def atlas_factors(
    atlas: str,
    *,
    traits: list[str] | None = None,
    draws: int = 500,
    quantile: float = 0.95,
    seed: int = 1,
    out: str | None = None,
    plot: str | None = None,
) -> object:
    """Number of factors behind the genetic correlations of an atlas, by parallel analysis.

    Eigenvalues of the correlation matrix are compared with those of an identity matrix plus sampling error, drawn from the
    joint covariance of all cells.

    Parameters
    ----------
    atlas
        Folder of `sumh2 atlas`.
    traits
        Traits to use, separated by commas; by default all.  Those that are unusable are left out and named.
    draws
        Draws of pure sampling error.
    quantile
        An eigenvalue counts above this quantile of its place.
    seed
        Of the draws.
    out
        Write <out>.tsv, <out>.json and <out>.log; by default the report is printed only.
    plot
        Draw the eigenvalues beside those of sampling error alone, to this .png, .pdf or .svg (extra [plot]).

    Examples
    --------
    sumh2 atlas-factors atlas/ --plot scree.pdf
    sumh2 atlas-factors atlas/ --traits scz,bip,mdd,adhd,asd --out psych.factors
    """
    options = dict(locals())
    from sumh2.atlas.factor_count import count_factors
    from sumh2.cli.loading import check_figures, check_outputs, draw_figure, logged, written_report

    check_outputs(out, [atlas])
    check_figures(plot=plot)
    with logged(out) as note:
        result = count_factors(read_chosen_traits(atlas, traits), n_draws=draws, quantile=quantile, seed=seed)
        written: list[str | Path] = []
        if out is not None:
            result = result.with_provenance(_provenance([f"{atlas}/atlas.json"], options))
            written += result.save(out)
        written += draw_figure(plot, "plot_scree", result)
        return written_report(result, None, out, note, written)
