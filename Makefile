# make run   the gateway in one process, with recorded demo events
# make test  every test, installing and starting the real servers it needs
# make bench the river beside its peers: a table with ratios
# make soak  ten minutes of kills, freezes and restarts while 2,000 targets flap
PYTHON ?= python3
VENV := .venv
SERVICES := tests/services

.PHONY: run test bench soak lint clean

run: $(VENV)/installed
	$(VENV)/bin/python manage.py up --demo

test: $(VENV)/tox
	$(VENV)/bin/tox -q

lint: $(VENV)/tox
	$(VENV)/bin/tox -q -e lint

bench: $(VENV)/tox
	$(VENV)/bin/tox -q -e bench

soak: $(VENV)/tox
	$(VENV)/bin/tox -q -e soak

$(VENV)/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/tox:
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check tox==4.67.13
	touch $@

clean:
	-$(SERVICES)/all.sh stop
	rm -rf $(VENV) .tox .run
