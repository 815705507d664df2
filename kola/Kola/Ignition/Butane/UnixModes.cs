namespace Kola.Ignition;

/// <summary>Finds the permissions that were written in decimal by mistake: Butane's rule (base/util/file.go).</summary>
internal static class UnixModes
{
    private const int Setuid = 0b100_000_000_000;
    private const int SetgidOrSticky = 0b011_000_000_000;
    private const int SetuidOrSetgid = 0b110_000_000_000;
    private const int Sticky = 0b001_000_000_000;
    private const int WorldWritable = 2;

    /// <summary>What the decimal digits of a number are as octal ones: 644 is 0644; null when there is an 8 or a 9 or more than four.</summary>
    internal static int? AsOctal(int mode)
    {
        if (mode is < 0 or > 7777)
            return null;
        int octal = 0;
        for (int divisor = 1000; divisor > 0; divisor /= 10)
        {
            int digit = mode / divisor % 10;
            if (digit > 7)
                return null;
            octal = (octal << 3) | digit;
        }

        return octal;
    }

    /// <summary>Whether nobody would be surprised at a mode.</summary>
    internal static bool IsTypical(int mode, bool directory)
    {
        if (mode == 0)
            return true; // root does not care
        bool read = false, write = false, execute = false;
        foreach (int who in new[] { mode & 7, (mode >> 3) & 7, (mode >> 6) & 7 })
        {
            bool r = (who & 4) != 0, w = (who & 2) != 0, x = (who & 1) != 0;
            if ((!r && read) || (!w && write) || (!x && execute)) // r--rw----
                return false;
            if (x && read && !execute) // rwxr-----
                return false;
            if ((w || x) && !r)
                return false;
            (read, write, execute) = (read || r, write || w, execute || x);
        }

        if (!read)
            return false;
        if (directory)
            return execute && (mode & Setuid) == 0 && ((mode & SetgidOrSticky) == 0 || write);
        return ((mode & SetuidOrSetgid) == 0 || (execute && (mode & WorldWritable) == 0)) && (mode & Sticky) == 0;
    }
}
