"""What `tsforecast forecast` is made of: files checked and written, the future's covariates, tables, a chart."""
