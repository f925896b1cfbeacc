{ hostSpec, ... }:
{
  security.sudo = {
    execWheelOnly = true;
    # Into a server only SSH keys let anybody, and there is no password to type.
    wheelNeedsPassword = !hostSpec.isServer;
  };
}
