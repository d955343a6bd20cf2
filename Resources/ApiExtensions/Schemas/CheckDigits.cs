namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>Numbers that people copy, whose last digit says whether they did it well.</summary>
internal static class CheckDigits
{
    /// <summary>Without blanks and dashes, which may stand anywhere.</summary>
    public static string Plain(string text) =>
        string.Concat(text.Where(static c => c is not ('-' or ' ' or '\t' or '\n' or '\f' or '\r')));

    /// <summary>Ten digits, the last of which may be X for ten.</summary>
    public static bool IsIsbn10(string text)
    {
        const int Length = 10;
        var plain = Plain(text);
        return plain.Length == Length && AreDigits(plain[..^1]) && plain[^1] is 'X' or (>= '0' and <= '9')
            && plain.Select(static (c, i) => (i + 1) * (c == 'X' ? 10 : c - '0')).Sum() % 11 == 0;
    }

    /// <summary>Thirteen digits, each other of which counts three times.</summary>
    public static bool IsIsbn13(string text)
    {
        const int Length = 13;
        var plain = Plain(text);
        return plain.Length == Length && AreDigits(plain)
            && plain.Select(static (c, i) => (i % 2 == 0 ? 1 : 3) * (c - '0')).Sum() % 10 == 0;
    }

    /// <summary>A text of digits alone, the last of which is right by Luhn's formula.</summary>
    public static bool HasLuhn(string plain)
    {
        return AreDigits(plain) && plain.Reverse().Select(static (c, i) => Doubled(c - '0', i % 2)).Sum() % 10 == 0;
        static int Doubled(int digit, int times) => (digit << times) is var value && value > 9 ? value - 9 : value;
    }

    private static bool AreDigits(string text) => text.All(char.IsAsciiDigit);
}
