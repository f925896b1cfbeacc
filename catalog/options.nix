# The options that the inputs of a flake declare, as a list of
# { class, path, type, flags }: what `nixgen catalog` keeps. Nothing is built,
# and no configuration is evaluated further than its options.
{
  inputs,
  # the names of the inputs, where a fleet calls them otherwise
  names ? { },
  linux ? "x86_64-linux",
  darwin ? "aarch64-darwin",
}:
let
  input =
    name:
    let
      given = names.${name} or name;
    in
    if inputs ? ${given} then [ inputs.${given} ] else [ ];
  one =
    name:
    if input name == [ ] then
      throw "the flake has no input `${names.${name} or name}`; [inputs] of hosts.toml says which one stands for ${name}"
    else
      builtins.head (input name);
  have = builtins.all (name: input name != [ ]);
  inherit (one "nixpkgs") lib;

  # what a module declares by itself; its configuration is not looked at
  alone =
    system: module:
    removeAttrs
      (lib.evalModules {
        specialArgs = {
          modulesPath = toString (one "nixpkgs") + "/nixos/modules";
          pkgs = (one "nixpkgs").legacyPackages.${system};
        };
        modules = [
          module
          { _module.check = false; }
        ];
      }).options
      [ "_module" ];

  nixos = (one "nixpkgs").lib.nixosSystem {
    modules = [
      {
        nixpkgs.hostPlatform = linux;
        system.stateVersion = lib.trivial.release;
      }
    ];
  };

  mac = (one "nix-darwin").lib.darwinSystem {
    modules = [
      {
        nixpkgs.hostPlatform = darwin;
        system.stateVersion = 6;
      }
    ];
  };

  home = (one "home-manager").lib.homeManagerConfiguration {
    pkgs = (one "nixpkgs").legacyPackages.${linux};
    modules = [
      {
        home.username = "user";
        home.homeDirectory = "/home/user";
        home.stateVersion = lib.trivial.release;
      }
    ];
  };

  classes = {
    nixos = {
      needs = [ ];
      inherit (nixos) options;
    };
    darwin = {
      needs = [ "nix-darwin" ];
      inherit (mac) options;
    };
    home-manager = {
      needs = [ "home-manager" ];
      inherit (home) options;
    };
    hm-nixos = {
      needs = [ "home-manager" ];
      options = alone linux (one "home-manager").nixosModules.home-manager;
    };
    hm-darwin = {
      needs = [
        "home-manager"
        "nix-darwin"
      ];
      options = alone darwin (one "home-manager").darwinModules.home-manager;
    };
    sops-nixos = {
      needs = [ "sops-nix" ];
      options = alone linux (one "sops-nix").nixosModules.sops;
    };
    sops-darwin = {
      needs = [
        "nix-darwin"
        "sops-nix"
      ];
      options = alone darwin (one "sops-nix").darwinModules.sops;
    };
    sops-home = {
      needs = [
        "home-manager"
        "sops-nix"
      ];
      options = alone linux (one "sops-nix").homeManagerModules.sops;
    };
  };

  # how often a submodule may hold a submodule before we stop
  deepest = 6;

  # the options of a configuration, or of the submodule at `base`
  walk =
    class: depth: base: set:
    lib.concatMap (
      name:
      let
        value = set.${name};
      in
      if lib.isOption value then
        option class depth base value
      else if builtins.isAttrs value then
        walk class depth base value
      else
        [ ]
    ) (builtins.attrNames set);

  option =
    class: depth: base: opt:
    let
      path = opt.loc;
      type = opt.type or lib.types.unspecified;
      visible = opt.visible or true;
      # A whole configuration is inside. Others are shallow only to keep their
      # options from being documented twice.
      shallow =
        visible == "shallow" && builtins.length (builtins.attrNames (type.getSubOptions path)) > 25;
      target = recursion class path;
      removed = visible == false && opt ? apply && !(opt ? description) && type.name == "unspecified";
      alias = builtins.match "Alias of [{]option[}]`(.*)`[.]" (text (opt.description or ""));
      flag = word: condition: lib.optional condition word;
      inner =
        if removed || target != null || shallow || depth >= deepest then
          [ ]
        else
          below class (depth + 1) path 12 type;
    in
    [
      {
        inherit class path;
        type = text type.description;
        flags =
          flag "open" (target == null && !removed && (isOpen 12 type || shallow || depth >= deepest))
          ++ flag "removed" removed
          ++ flag "readonly" (opt.readOnly or false)
          ++ flag "internal" (opt.internal or false)
          ++ flag "hidden" (visible == false && !removed && alias == null)
          ++ lib.optional (alias != null) (
            (if visible == false then "renamed-to=" else "alias-of=")
            + lib.concatStringsSep "." (lib.optional (base != [ ]) (lib.showOption base) ++ alias)
          )
          ++ lib.optional (target != null) "recurse=${target}";
      }
    ]
    ++ inner;

  # options that hold a whole configuration again
  recursion =
    class: path:
    let
      first = builtins.head path;
      last = lib.last path;
    in
    if first == "home-manager" && builtins.elemAt (path ++ [ "" ]) 1 == "users" then
      "@home-manager"
    else if (first == "specialisation" || first == "specialization") && last == "configuration" then
      "@root"
    else if first == "containers" && last == "config" then
      "@nixos"
    else if first == "virtualisation" && lib.hasPrefix "vmVariant" last then
      "@nixos"
    else
      null;

  # What is declared below an option, through the types that wrap others. A
  # type may hold itself; fuel ends that.
  below =
    class: depth: path: fuel: type:
    let
      nested = type.nestedTypes or { };
      through =
        kind: more: if fuel == 0 then [ ] else below class depth (path ++ more) (fuel - 1) nested.${kind};
    in
    {
      attrsOf = through "elemType" [ "<name>" ];
      lazyAttrsOf = through "elemType" [ "<name>" ];
      attrsWith = through "elemType" [ "<name>" ];
      listOf = through "elemType" [ "*" ];
      nullOr = through "elemType" [ ];
      uniq = through "elemType" [ ];
      unique = through "elemType" [ ];
      coercedTo = through "finalType" [ ];
      either = through "left" [ ] ++ through "right" [ ];
    }
    .${type.name} or (walk class depth path (removeAttrs (type.getSubOptions path) [ "_module" ]));

  # whether a type takes attributes that `below` does not list
  isOpen =
    fuel: type:
    let
      nested = type.nestedTypes or { };
      inner = kind: fuel == 0 || isOpen (fuel - 1) nested.${kind};
      elements = !(lists 12 nested.elemType) || inner "elemType";
    in
    {
      attrsOf = elements;
      lazyAttrsOf = elements;
      attrsWith = elements;
      listOf = inner "elemType";
      nullOr = inner "elemType";
      uniq = inner "elemType";
      unique = inner "elemType";
      coercedTo = inner "finalType";
      either = inner "left" || inner "right";
      attrTag = false;
      submodule = nested ? freeformType;
    }
    .${type.name} or (!isLeaf type);

  # whether there are options below a type
  lists =
    fuel: type:
    let
      nested = type.nestedTypes or { };
      inner = kind: fuel > 0 && lists (fuel - 1) nested.${kind};
    in
    {
      attrsOf = inner "elemType";
      lazyAttrsOf = inner "elemType";
      attrsWith = inner "elemType";
      listOf = inner "elemType";
      nullOr = inner "elemType";
      uniq = inner "elemType";
      unique = inner "elemType";
      coercedTo = inner "finalType";
      either = inner "left" || inner "right";
    }
    .${type.name} or (type.getSubOptions [ ] != { });

  # types whose values hold no attributes that a module sets by name
  isLeaf =
    type:
    lib.any (prefix: lib.hasPrefix prefix type.name) [
      "Str"
      "bool"
      "commas"
      "enum"
      "envVar"
      "float"
      "functionTo"
      "int"
      "lines"
      "nonEmptyStr"
      "number"
      "optionType"
      "package"
      "passwdEntry"
      "path"
      "positiveInt"
      "separatedString"
      "shellPackage"
      "signedInt"
      "singleLineStr"
      "str"
      "unsignedInt"
    ];

  # a text that may fail to evaluate
  text =
    value:
    let
      tried = builtins.tryEval (builtins.deepSeq value value);
    in
    if tried.success && builtins.isString tried.value then tried.value else "unknown";

  # `home-manager.users.<name>` is a place of its own
  users =
    rows: lib.concatMap (row: if isUsers row then [ row ] ++ [ (anyUser row) ] else [ row ]) rows;
  isUsers = row: lib.showOption row.path == "home-manager.users";
  anyUser = row: row // { path = row.path ++ [ "<name>" ]; };
in
lib.concatMap (
  class:
  let
    c = classes.${class};
  in
  if have c.needs then users (walk class 0 [ ] c.options) else [ ]
) (builtins.attrNames classes)
