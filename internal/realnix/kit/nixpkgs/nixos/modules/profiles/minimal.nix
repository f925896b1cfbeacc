# Of NixOS: hardware settings that no test looks at.
{ }
