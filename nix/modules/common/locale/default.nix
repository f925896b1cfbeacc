{ hostSpec, ... }:
{
  time.timeZone = hostSpec.timeZone;
}
