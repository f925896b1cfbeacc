{ hostSpec, ... }:
{
  i18n.defaultLocale = hostSpec.locale;
  console.keyMap = hostSpec.keyboard;
  services.xserver.xkb.layout = hostSpec.keyboard;
}
