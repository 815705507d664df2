#!/bin/bash
echo bar >/foo
id -u >/foo-user
