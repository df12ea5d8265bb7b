# Generalised estimating equations with one weight a person: geepack's own data `ohio`, made-up weights and a gap.
# Rscript gee_weighted.R > gee_weighted.json
suppressMessages({library(geepack); library(jsonlite)})
data(ohio)
ohio$w <- c(0.5, 1, 2.5)[1 + ohio$id %% 3]
dropped <- ohio[!(ohio$id %% 4 == 0 & ohio$age > -1), ] # people leave: geepack takes answers as consecutive
fit <- function(d, correlation) {
  m <- geeglm(resp ~ age * smoke, id = id, data = d, family = binomial, corstr = correlation, weights = w,
              control = geese.control(epsilon = 1e-13, maxit = 500))
  list(coef = unname(coef(m)), robust_se = unname(sqrt(diag(m$geese$vbeta))), alpha = unname(m$geese$alpha),
       scale = unname(m$geese$gamma))
}
numbers <- list(
  complete = sapply(c("independence", "exchangeable", "ar1", "unstructured"), fit, d = ohio, simplify = FALSE),
  dropped = sapply(c("independence", "exchangeable", "ar1"), fit, d = dropped, simplify = FALSE))
cat(toJSON(list(
  name = "gee_weighted", method = "GEE, binomial, one weight a person (geepack)",
  dataset = "geepack::ohio; w = 0.5, 1, 2.5 by id mod 3; dropped: without ages over -1 where id mod 4 is 0",
  r_version = R.version.string, packages = list(geepack = as.character(packageVersion("geepack"))),
  script = "gee_weighted.R", tolerance = "1e-5 relative", numbers = numbers), digits = NA, auto_unbox = TRUE, pretty = TRUE))
