using k8s.Models;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>Parses quantities by apimachinery's grammar and keeps the text that upstream would write.</summary>
public static class GoQuantity
{
    public const string FormatError =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    private const string NumericError = "unable to parse numeric part of quantity";
    private const string SuffixError = "unable to parse quantity's suffix";

    /// <summary>A quantity, or null when the text is none.</summary>
    public static ResourceQuantity? Parse(string text) => Parse(text, out _);

    /// <summary>A quantity, or upstream's complaint.</summary>
    public static ResourceQuantity? Parse(string text, out string? error)
    {
        error = Complain(text, out var numberLength);
        if (error is not null)
        {
            return null;
        }

        try
        {
            return new WireQuantity(text, Canonical(text, numberLength));
        }
        catch (Exception failure) when (failure is FormatException or ArgumentException or OverflowException)
        {
            error = NumericError;
            return null;
        }
    }

    private static string? Complain(string text, out int numberLength)
    {
        numberLength = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        var digits = 0;
        var points = 0;
        while (numberLength < text.Length && (char.IsAsciiDigit(text[numberLength]) || text[numberLength] == '.'))
        {
            digits += text[numberLength] == '.' ? 0 : 1;
            points += text[numberLength] == '.' ? 1 : 0;
            numberLength++;
        }

        if (digits + points == 0)
        {
            return FormatError;
        }

        // A second point ends the number for upstream's parser, and is no suffix.
        if (digits == 0 || points > 1)
        {
            return digits == 0 ? NumericError : FormatError;
        }

        return IsSuffix(text.AsSpan(numberLength)) ? null : SuffixOrFormat(text.AsSpan(numberLength));
    }

    private static bool IsSuffix(ReadOnlySpan<char> suffix) => suffix switch
    {
        "" or "n" or "u" or "m" or "k" or "M" or "G" or "T" or "P" or "E" => true,
        "Ki" or "Mi" or "Gi" or "Ti" or "Pi" or "Ei" => true,
        ['e' or 'E', .. var exponent] => exponent.TrimStart("+-") is { Length: > 0 and < 4 } rest &&
            rest.Length >= exponent.Length - 1 && !rest.ContainsAnyExceptInRange('0', '9'),
        _ => false,
    };

    /// <summary>A suffix of the right letters that means nothing has its own complaint.</summary>
    private static string SuffixOrFormat(ReadOnlySpan<char> suffix)
    {
        var rest = suffix.TrimStart("eEinumkKMGTP");
        rest = rest is ['+' or '-', .. var signed] ? signed : rest;
        return rest.ContainsAnyExceptInRange('0', '9') ? FormatError : SuffixError;
    }

    /// <summary>
    /// What upstream writes: bare digits stay as they are (leading zeros included), 1000m becomes 1, 1024Mi becomes 1Gi. Null leaves it to the model.
    /// </summary>
    private static string? Canonical(string text, int numberLength)
    {
        var number = text.AsSpan(0, numberLength);
        if (numberLength == text.Length && !number.ContainsAnyExceptInRange('0', '9'))
        {
            return text;
        }

        if (number.Length > 15 || number[0] == '0' || number.ContainsAnyExceptInRange('0', '9') || text[numberLength] is 'e' or 'E')
        {
            return null;
        }

        var step = text[^1] == 'i' ? 1024 : 1000;
        return long.Parse(number, System.Globalization.CultureInfo.InvariantCulture) % step == 0 ? null : text;
    }

    /// <summary>A quantity that remembers its text, so that writing it costs nothing.</summary>
    private sealed class WireQuantity : ResourceQuantity
    {
        private readonly string _canonical;

        public WireQuantity(string text, string? canonical)
            : base(text)
        {
            _canonical = canonical ?? CanonicalizeString();
        }

        public override string ToString() => _canonical;
    }
}
