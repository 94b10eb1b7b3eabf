"""What to cite for each method."""

from __future__ import annotations

LDSC = (
    "Bulik-Sullivan BK et al. (2015) LD Score regression distinguishes confounding from polygenicity in genome-wide "
    "association studies. Nature Genetics 47:291–295."
)
RG = (
    "Bulik-Sullivan B et al. (2015) An atlas of genetic correlations across human diseases and traits. Nature Genetics "
    "47:1236–1241."
)
PARTITION = (
    "Finucane HK et al. (2015) Partitioning heritability by functional annotation using genome-wide association summary "
    "statistics. Nature Genetics 47:1228–1235."
)
TAU_STAR = (
    "Gazal S et al. (2017) Linkage disequilibrium–dependent architecture of human complex traits shows action of negative "
    "selection. Nature Genetics 49:1421–1427. (tau*)"
)
SCREEN = (
    "Finucane HK et al. (2018) Heritability enrichment of specifically expressed genes identifies disease-relevant tissues "
    "and cell types. Nature Genetics 50:621–629."
)
SUMHER = (
    "Speed D, Balding DJ (2019) SumHer better estimates the SNP heritability of complex traits from summary statistics. "
    "Nature Genetics 51:277–284."
)
MODELS = (
    "Speed D, Holmes J, Balding DJ (2020) Evaluating and improving heritability models using summary statistics. Nature "
    "Genetics 52:458–462."
)
LIABILITY = (
    "Lee SH et al. (2011) Estimating missing heritability for disease from genome-wide association studies. American "
    "Journal of Human Genetics 88:294–305. (liability scale)"
)
FDR = (
    "Benjamini Y, Hochberg Y (1995) Controlling the false discovery rate. Journal of the Royal Statistical Society B "
    "57:289–300."
)
GENOMIC_SEM = (
    "Grotzinger AD et al. (2019) Genomic structural equation modelling provides insights into the multivariate genetic "
    "architecture of complex traits. Nature Human Behaviour 3:513–525."
)
NEAREST = "Higham NJ (2002) Computing the nearest correlation matrix. IMA Journal of Numerical Analysis 22:329–343."
PARALLEL = "Horn JL (1965) A rationale and test for the number of factors in factor analysis. Psychometrika 30:179–185."
