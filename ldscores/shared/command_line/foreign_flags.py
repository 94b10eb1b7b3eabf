"""Flags of LDSC and LDAK that people type out of habit, and what does the same here."""

from __future__ import annotations

_BY_ITSELF = "the file goes by itself, without a flag"
_NOTHING = "nothing to give here"

#: Flag of the other program: whose it is, and what to write.  Only asked when a command does not know the flag.
FOREIGN_FLAGS: dict[str, tuple[str, str]] = {
    # LDSC
    "h2": ("LDSC", "sumh2 h2 FILE --ld SCORES; by annotation: sumh2 partition FILE --ld SCORES"),
    "rg": ("LDSC", "sumh2 rg FILE FILE --ld SCORES"),
    "h2-cts": ("LDSC", "sumh2 screen FILE --ld BASELINE --annotations LIST.ldcts --weights ldsc"),
    "l2": ("LDSC", "ldscores build --bfile PANEL --out STEM"),
    "sumstats": ("LDSC", _BY_ITSELF),
    "ref-ld": ("LDSC", "--ld"),
    "ref-ld-chr": ("LDSC", "--ld, which takes the prefix, the folder, or @ for the chromosome"),
    "w-ld": ("LDSC", "--w-ld of the commands that weigh"),
    "w-ld-chr": ("LDSC", "--w-ld, which takes the prefix, the folder, or @ for the chromosome"),
    "ref-ld-chr-cts": ("LDSC", "--annotations of sumh2 screen"),
    "overlap-annot": ("LDSC", "sumh2 partition, which takes overlaps from the tagging or from --annot"),
    "print-coefficients": ("LDSC", "sumh2 partition, which reports them always"),
    "frqfile": ("LDSC", "--frq of sumh2 partition"),
    "frqfile-chr": ("LDSC", "--frq of sumh2 partition"),
    "not-m-5-50": ("LDSC", "--m M"),
    "intercept-h2": ("LDSC", "--intercept"),
    "intercept-gencov": ("LDSC", "--gcov-intercept"),
    "return-silly-things": ("LDSC", f"{_NOTHING}: values out of bounds are reported, with a status"),
    "invert-anyway": ("LDSC", f"{_NOTHING}: collinear LD scores are refused by name"),
    "chunksize": ("LDSC", f"{_NOTHING}: files are read as a whole"),
    "ld-wind-cm": ("LDSC", "--window-cm"),
    "ld-wind-kb": ("LDSC", "--window-kb"),
    "ld-wind-snps": ("LDSC", "--window-snps"),
    "print-snps": ("LDSC", "--regression-snps"),
    "per-allele": ("LDSC", "--pq-exp 1"),
    "yes-really": ("LDSC", f"{_NOTHING}: any window is computed"),
    "thin-annot": ("LDSC", f"{_NOTHING}: thin annotation files are recognised"),
    # LDAK
    "sum-hers": ("LDAK", "sumh2 h2 FILE --ld TAGGING --estimator sumher --out STEM"),
    "sum-cors": ("LDAK", "sumh2 rg FILE FILE --ld TAGGING --estimator sumher --out STEM"),
    "tagfile": ("LDAK", "--ld"),
    "summary": ("LDAK", _BY_ITSELF),
    "summary2": ("LDAK", "sumh2 rg FILE FILE"),
    "find-gaussian": ("LDAK", "sumh2 alpha --likelihoods FILE"),
    "powerfile": ("LDAK", "--powers of sumh2 alpha"),
    "prevalence": ("LDAK", "--pop-prev"),
    "ascertainment": ("LDAK", "--samp-prev"),
    "chisq-solver": ("LDAK", "--solver least-squares for NO"),
    "scaling": ("LDAK", "--chisq-factor"),
    "num-blocks": ("LDAK", "--n-blocks"),
    "cv-predictors": ("LDAK", "--hold-out of sumh2 h2"),
    "max-threads": ("LDAK", "--threads"),
    "calc-tagging": ("LDAK", "ldscores build --bfile PANEL --model MODEL --out STEM"),
    "cut-weights": ("LDAK", "ldscores weights --bfile PANEL --out STEM"),
    "calc-weights": ("LDAK", "ldscores weights --bfile PANEL --out STEM"),
    "calc-weights-all": ("LDAK", "ldscores weights --bfile PANEL --out STEM"),
    "thin": ("LDAK", "ldscores thin --bfile PANEL --out STEM"),
    "window-prune": ("LDAK", "--r2 of ldscores thin"),
    "ignore-weights": ("LDAK", f"{_NOTHING}: without --weights SNPs count alike"),
    "join-tagging": ("LDAK", "ldscores merge FILE FILE --out STEM"),
    "merge-tagging": ("LDAK", "ldscores merge FILE FILE --along categories --out STEM"),
    "taglist": ("LDAK", "the names of the files, one after another"),
    "pathways": ("LDAK", "sumh2 screen, with an annotation a pathway"),
}


def foreign_hint(flag: str) -> str:
    """``; it is LDSC's: write --ld here``, or nothing for a flag of neither program."""
    found = FOREIGN_FLAGS.get(flag.lstrip("-").replace("_", "-").lower())
    return "" if found is None else f"; it is {found[0]}'s, here: {found[1]}"
