# Random-intercept cross-lagged panel model by full-information maximum likelihood: reference values for
# fit_cross_lagged. Run where data_cross_lagged.csv lies: Rscript cross_lagged.R
library(lavaan)
library(jsonlite)
data <- read.csv("data_cross_lagged.csv")
model <- "
  bx =~ 1*x1 + 1*x2 + 1*x3
  by =~ 1*y1 + 1*y2 + 1*y3
  wx1 =~ 1*x1
  wx2 =~ 1*x2
  wx3 =~ 1*x3
  wy1 =~ 1*y1
  wy2 =~ 1*y2
  wy3 =~ 1*y3
  x1 ~~ 0*x1
  x2 ~~ 0*x2
  x3 ~~ 0*x3
  y1 ~~ 0*y1
  y2 ~~ 0*y2
  y3 ~~ 0*y3
  wx2 ~ wx1 + wy1
  wy2 ~ wx1 + wy1
  wx3 ~ wx2 + wy2
  wy3 ~ wx2 + wy2
  wx1 ~~ wy1
  wx2 ~~ wy2
  wx3 ~~ wy3
  bx ~~ bx
  by ~~ by
  bx ~~ by
  bx + by ~~ 0*wx1 + 0*wy1
  x1 + x2 + x3 + y1 + y2 + y3 ~ 1
"
fit <- lavaan(model, data, missing = "fiml", auto.var = TRUE, information = "observed",
              control = list(rel.tol = 1e-13), em.h1.iter.max = 10000, em.h1.tol = 1e-10)
table <- parameterEstimates(fit)
paths <- subset(table, op == "~")
stable <- subset(standardizedSolution(fit), lhs == "bx" & op == "~~" & rhs == "by")
measures <- fitMeasures(fit, c("chisq", "df", "pvalue", "logl"))
out <- list(
  name = "cross_lagged", r_version = R.version.string, packages = list(lavaan = as.character(packageVersion("lavaan"))),
  script = "cross_lagged.R", dataset = "data_cross_lagged.csv: simulated, 700 people, dropout at random and gaps",
  tolerance = "log-likelihood 1e-6; paths 1e-5; errors 1e-4",
  numbers = list(
    paths = list(lhs = paths$lhs, rhs = paths$rhs, estimate = paths$est, std_error = paths$se),
    between_correlation = stable$est.std, between_correlation_error = stable$se,
    chisq = measures[["chisq"]], df = measures[["df"]], pvalue = measures[["pvalue"]], log_likelihood = measures[["logl"]]
  )
)
write(toJSON(out, digits = 15, auto_unbox = TRUE, pretty = TRUE), "cross_lagged.json")
