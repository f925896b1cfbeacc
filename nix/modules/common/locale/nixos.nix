# The language is hostSpec's; dates and paper are not American in any language.
{
  i18n.extraLocaleSettings = {
    LC_MEASUREMENT = "de_DE.UTF-8";
    LC_PAPER = "de_DE.UTF-8";
    LC_TIME = "en_DK.UTF-8";
  };
}
