namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>
/// Base64 as Go's <c>encoding/base64</c> reads it: line breaks are skipped wherever they stand, everything else that
/// is not of the alphabet is refused, blanks included (which .NET skips).
/// </summary>
public static class GoBase64
{
    private const int GroupLength = 4;

    /// <summary>Decodes the standard alphabet with padding.</summary>
    /// <param name="text">The text.</param>
    /// <param name="bytes">What it says; empty when it cannot be read.</param>
    /// <param name="badByte">Where Go gives up, as its <c>CorruptInputError</c> counts.</param>
    public static bool TryDecode(ReadOnlySpan<char> text, out byte[] bytes, out int badByte)
    {
        bytes = [];
        badByte = FindBadByte(text, isUrl: false);
        if (badByte < 0)
        {
            bytes = Convert.FromBase64String(text.ContainsAny('\r', '\n') ? WithoutLineBreaks(text) : text.ToString());
        }

        return badByte < 0;
    }

    /// <summary>Decodes the alphabet of URLs without padding.</summary>
    /// <inheritdoc cref="TryDecode"/>
    public static bool TryDecodeUrl(ReadOnlySpan<char> text, out byte[] bytes, out int badByte)
    {
        bytes = [];
        badByte = FindBadByte(text, isUrl: true);
        if (badByte < 0)
        {
            // Unlike Base64Url this takes bits beyond the last byte, as Go does.
            var digits = WithoutLineBreaks(text).Replace('-', '+').Replace('_', '/');
            bytes = Convert.FromBase64String(
                digits.PadRight((digits.Length + GroupLength - 1) / GroupLength * GroupLength, '='));
        }

        return badByte < 0;
    }

    private static string WithoutLineBreaks(ReadOnlySpan<char> text) =>
        string.Concat(text.ToString().Where(c => !IsLineBreak(c)));

    /// <summary>Negative when there is none.</summary>
    private static int FindBadByte(ReadOnlySpan<char> text, bool isUrl)
    {
        var inGroup = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (IsLineBreak(text[i]))
            {
                continue;
            }

            if (text[i] == '=' && !isUrl)
            {
                return FindBadPadding(text, i, inGroup);
            }

            if (!IsDigit(text[i], isUrl))
            {
                return i;
            }

            inGroup = (inGroup + 1) % GroupLength;
        }

        // A group that is cut short: without padding two or three digits are a whole one.
        return inGroup == 0 || (isUrl && inGroup > 1) ? -1 : text.Length - inGroup;
    }

    /// <summary>The first sign of equality has been met after so many digits of its group.</summary>
    private static int FindBadPadding(ReadOnlySpan<char> text, int at, int inGroup)
    {
        if (inGroup < 2)
        {
            return at;
        }

        var next = SkipLineBreaks(text, at + 1);
        if (inGroup == 2)
        {
            if (next == text.Length)
            {
                return text.Length;
            }

            if (text[next] != '=')
            {
                return next - 1;
            }

            next = SkipLineBreaks(text, next + 1);
        }

        return next < text.Length ? next : -1;
    }

    private static int SkipLineBreaks(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && IsLineBreak(text[at]))
        {
            at++;
        }

        return at;
    }

    private static bool IsLineBreak(char c) => c is '\r' or '\n';

    private static bool IsDigit(char c, bool isUrl) =>
        char.IsAsciiLetterOrDigit(c) || (isUrl ? c is '-' or '_' : c is '+' or '/');
}
