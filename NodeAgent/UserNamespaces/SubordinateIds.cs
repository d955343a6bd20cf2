using System.Globalization;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Machine;

namespace OrleansOrchestrator.NodeAgent.UserNamespaces;

/// <summary>
/// The ids that the machine keeps for pods: those of its user <c>kubelet</c> in <c>/etc/subuid</c> and
/// <c>/etc/subgid</c>, as the program <c>getsubids</c> tells them. Messages are upstream's.
/// </summary>
public static class SubordinateIds
{
    private const string User = "kubelet";
    private const string Program = "getsubids";
    private const int Fields = 4;

    /// <summary>The ids; null where there is no such user, or no such program.</summary>
    /// <param name="passwd">The file of the machine's users.</param>
    /// <param name="tell">Runs the program with some arguments; null where there is none.</param>
    /// <exception cref="InvalidDataException">There are none, or several ranges, or others for groups.</exception>
    public static async Task<IdRange?> ReadAsync(string passwd, Func<string[], Task<CommandResult>>? tell)
    {
        if (tell is null || !File.ReadLines(passwd).Any(static l => l.StartsWith($"{User}:", StringComparison.Ordinal)))
        {
            return null;
        }

        var (users, groups) = (await tell([User]), await tell(["-g", User]));
        return !users.Succeeded
                ? throw new InvalidDataException($"error retrieving additional ids for user \"{User}\"")
            : !groups.Succeeded
                ? throw new InvalidDataException($"error retrieving additional gids for user \"{User}\"")
            : users.Output != groups.Output
                ? throw new InvalidDataException($"mismatched subuids and subgids for user \"{User}\"")
            : Parse(users.Output);
    }

    /// <summary>The same of this machine.</summary>
    /// <exception cref="InvalidDataException">There are none, or several ranges, or others for groups.</exception>
    public static Task<IdRange?> ReadAsync(CancellationToken cancellationToken) => ReadAsync(
        "/etc/passwd",
        Commands.Exists(Program) ? arguments => Commands.RunAsync(Program, arguments, cancellationToken) : null);

    /// <summary>Reads a line like <c>0: kubelet 65536 2147483648</c>.</summary>
    private static IdRange Parse(string text)
    {
        var lines = text.Trim('\n').Split('\n');
        if (lines.Length != 1)
        {
            throw new InvalidDataException(
                $"error parsing line {GoQuotes.Quote(text)}: it must contain only one line");
        }

        var words = lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length != Fields
            ? throw new InvalidDataException($"invalid line {GoQuotes.Quote(text)}")
            : new IdRange(Number(text, words[2]), Number(text, words[3]));
    }

    private static uint Number(string line, string word) =>
        uint.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new InvalidDataException(
                $"error parsing line {GoQuotes.Quote(line)}: strconv.ParseUint: parsing {GoQuotes.Quote(word)}: " +
                "invalid syntax");
}
