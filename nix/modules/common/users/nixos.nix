# Only members of `wheel` may even start sudo.
{
  security.sudo.execWheelOnly = true;
}
