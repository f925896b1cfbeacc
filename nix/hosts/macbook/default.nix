{
  power.sleep.display = 15;
  networking.wakeOnLan.enable = true;
}
