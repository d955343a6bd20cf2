#!/usr/bin/env bash
# Runs the playbook beside this file with an Ansible that lies unpacked in a directory.
set -euo pipefail
root=$1
export PYTHONPATH=$root/usr/lib/python3/dist-packages ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_NOCOLOR=1
/usr/bin/python3 "$root/usr/bin/ansible-playbook" --inventory localhost, --connection local \
    --extra-vars ansible_python_interpreter=/usr/bin/python3 "$(dirname "${BASH_SOURCE[0]}")/ansible.yml"
echo "ansible is content"
