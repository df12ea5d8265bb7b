"""What a study is: the models that a folder of ``data_contracts/`` is read into."""
