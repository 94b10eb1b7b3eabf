"""`sumh2 validate`: the worked numbers of the literature, computed again."""

from __future__ import annotations

from ldscores.shared.command_line import command
from ldscores.shared.errors import FitError


@command(group="First steps")
def validate(*, data: str | None = None, out: str | None = None) -> object:
    """Compute the worked numbers of the literature again and say which digits agree.

    Liability scale, twins, tagging loss, impossible correlations, parameters of heritability models, identities of LD
    Score regression and SumHer, binomial limits, and more: a line each with source, published number, ours, digits that
    agree and a verdict.  Exit status 1 if a number that should agree does not.

    Parameters
    ----------
    data
        Folder of published results; numbers that need them are skipped without it.
    out
        Write <out>.tsv and <out>.json.

    Examples
    --------
    sumh2 validate
    sumh2 validate --data published_results/ --out validation
    """
    from ldscores.shared.outputs import check_stem
    from ldscores.shared.provenance import provenance
    from sumh2.validation.validate_files import validate as compare

    if out is not None:
        check_stem(out, (".tsv", ".json"))
    result = compare(data)
    if out is not None:
        result.with_provenance(provenance(options={"data": data})).save(out)
    report = f"{result}\n\nwritten: {out}.tsv, {out}.json" if out is not None else str(result)
    if result.failed:
        print(report)  # the table is the answer; the exit status says that it is bad news
        names = "; ".join(row.number.quantity for row in result.failed)
        raise FitError(f"{len(result.failed)} published numbers should agree and do not: {names}; please report this")
    return report
