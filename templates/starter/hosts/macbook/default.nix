# What only this machine has.
{
  system.defaults.NSGlobalDomain.KeyRepeat = 2;
}
