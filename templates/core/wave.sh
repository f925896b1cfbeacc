# nix run .#deploy-WAVE [-- OPTION…]
# Deploys the hosts of a wave with deploy-rs.
targets=()
for host in "${members[@]}"; do targets+=("$flake#$host"); done
exec "$deploy" --targets "${targets[@]}" "$@"
