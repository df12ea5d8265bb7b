# Cluster-robust errors of generalised linear models: R's own data `infert`, with made-up clusters and weights.
# Rscript cluster_robust_glm.R > cluster_robust_glm.json
suppressMessages({library(clubSandwich); library(jsonlite)})
d <- infert
d$cluster <- (seq_len(nrow(d)) - 1) %% 17
d$w <- 1 + (seq_len(nrow(d)) - 1) %% 4
tight <- glm.control(epsilon = 1e-14, maxit = 100)
models <- list(
  logit = glm(case ~ age + parity + spontaneous, d, family = binomial, control = tight),
  probit = glm(case ~ age + parity + spontaneous, d, family = binomial("probit"), control = tight),
  weighted_logit = suppressWarnings(glm(case ~ age + spontaneous, d, family = binomial, weights = w, control = tight)),
  poisson = glm(parity ~ age + spontaneous, d, family = poisson, control = tight),
  gamma_log = glm(parity ~ age + spontaneous, d, family = Gamma("log"), control = tight))
numbers <- lapply(models, function(m) sapply(c("CR0", "CR2", "CR3"), function(kind) {
  found <- coef_test(m, vcov = vcovCR(m, cluster = d$cluster, type = kind), test = "Satterthwaite")
  list(std_error = found$SE, df = found$df_Satt)
}, simplify = FALSE))
cat(toJSON(list(
  name = "cluster_robust_glm", method = "cluster-robust errors of generalised linear models (clubSandwich)",
  dataset = "datasets::infert; cluster = (row - 1) mod 17, w = 1 + (row - 1) mod 4",
  r_version = R.version.string, packages = list(clubSandwich = as.character(packageVersion("clubSandwich"))),
  script = "cluster_robust_glm.R", tolerance = "1e-6 relative: both fits are iterated", numbers = numbers),
  digits = NA, auto_unbox = TRUE, pretty = TRUE))
