using System.Text;

namespace OrleansOrchestrator.NodeAgent.Environments;

/// <summary>
/// Kubernetes' <c>$(NAME)</c> references: a known name is replaced, an unknown one stays as written, <c>$$</c> is one
/// dollar sign. A reference that does not close stays as written.
/// </summary>
public static class VariableExpansion
{
    public static string Expand(string input, Func<string, string?> lookup)
    {
        if (!input.Contains('$', StringComparison.Ordinal))
        {
            return input;
        }

        var output = new StringBuilder(input.Length);
        var position = 0;
        while (position < input.Length)
        {
            position += input[position] == '$' && position + 1 < input.Length
                ? AppendReference(output, input, position, lookup)
                : AppendPlain(output, input[position]);
        }

        return output.ToString();
    }

    private static int AppendPlain(StringBuilder output, char character)
    {
        output.Append(character);
        return 1;
    }

    /// <summary>Handles what begins with a dollar sign; returns how many characters it took.</summary>
    private static int AppendReference(StringBuilder output, string input, int start, Func<string, string?> lookup)
    {
        var next = input[start + 1];
        if (next == '$')
        {
            output.Append('$');
            return 2;
        }

        if (next != '(')
        {
            output.Append('$').Append(next);
            return 2;
        }

        var end = input.IndexOf(')', start + 2);
        if (end < 0)
        {
            output.Append("$(");
            return 2;
        }

        var name = input[(start + 2)..end];
        output.Append(lookup(name) ?? $"$({name})");
        return end - start + 1;
    }
}
