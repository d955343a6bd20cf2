namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// Answers, without allocating, whether a name is good; <see cref="NameRules"/> says what is wrong with a bad one.
/// </summary>
public static class NameChecks
{
    /// <summary>RFC 1123 label.</summary>
    public static bool IsDnsLabel(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > NameRules.LabelMaxLength || name[0] == '-' || name[^1] == '-')
        {
            return false;
        }

        foreach (var c in name)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>RFC 1123 subdomain.</summary>
    public static bool IsDnsSubdomain(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > NameRules.SubdomainMaxLength)
        {
            return false;
        }

        var previous = '.';
        foreach (var c in name)
        {
            var separates = c is '.' or '-';
            var wasSeparator = previous is '.' or '-';
            if (!separates && !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c))
            {
                return false;
            }

            if (separates && wasSeparator && !(c == '-' && previous == '-'))
            {
                return false;
            }

            previous = c;
        }

        return previous is not '.' and not '-';
    }
}
