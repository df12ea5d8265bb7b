# Chained equations of every kind of column with mice: run from this folder; it writes mice_mixed.json.
suppressPackageStartupMessages({library(mice); library(jsonlite)})
m <- 200
d <- read.csv("data_sim_mixed.csv", na.strings = "")
d$bin <- factor(d$bin); d$cat <- factor(d$cat); d$ord <- factor(d$ord, ordered = TRUE)
method <- c(x = "", z = "", num = "pmm", bin = "logreg", cat = "polyreg", ord = "polr")
imp <- mice(d, m = m, maxit = 10, method = method, seed = 4711, printFlag = FALSE)
pooled <- function(fits) {
  p <- pool(as.mira(fits)); s <- summary(p)
  list(term = as.character(s$term), estimate = s$estimate, se = s$std.error, fmi = p$pooled$fmi,
       mc_se_of_estimate = sqrt(p$pooled$b / m))
}
each <- function(f) lapply(seq_len(m), function(i) f(complete(imp, i)))
numbers <- list(
  num_on_others = pooled(each(function(c) lm(num ~ x + z + bin + cat, c))),
  bin_on_others = pooled(each(function(c) glm(bin ~ x + z, binomial, c))),
  cat_shares = lapply(c(a = "a", b = "b", c = "c"), function(l) pooled(each(function(c) lm(as.numeric(cat == l) ~ 1, c)))),
  ord_shares = lapply(c("1" = "1", "2" = "2", "3" = "3", "4" = "4"),
                      function(l) pooled(each(function(c) lm(as.numeric(ord == l) ~ 1, c)))),
  ord_slope = pooled(each(function(c) lm(as.numeric(ord) ~ x + bin, c)))
)
write(toJSON(list(name = "mice_mixed", method = "mice pmm, logreg, polyreg, polr, m = 200, maxit = 10",
  dataset = list(file = "data_sim_mixed.csv", source = "simulated, 400 rows, a quarter missing at random in four columns"),
  r_version = R.version.string, packages = list(mice = as.character(packageVersion("mice"))), script = "mice_mixed.R",
  numbers = numbers), auto_unbox = TRUE, digits = 15, pretty = TRUE), "mice_mixed.json")
