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
    private const string UsersProgram = "getent"; // knows users of directories too, as upstream's look-up does
    private const int NoSuchUser = 2;
    private const int Fields = 4;

    /// <summary>The ids; null where there is no such user, or no such program.</summary>
    /// <param name="exists">Whether there is a program.</param>
    /// <param name="run">Runs one with some arguments.</param>
    /// <exception cref="InvalidDataException">
    /// There are none, or several ranges, or others for groups; or nobody can say whether there is such a user.
    /// </exception>
    public static async Task<IdRange?> ReadAsync(
        Func<string, bool> exists, Func<string, string[], Task<CommandResult>> run)
    {
        if (!exists(Program) || !await HasUserAsync(exists, run))
        {
            return null;
        }

        var (users, groups) = (await run(Program, [User]), await run(Program, ["-g", User]));
        return !users.Succeeded
                ? throw new InvalidDataException($"error retrieving additional ids for user \"{User}\"")
            : !groups.Succeeded
                ? throw new InvalidDataException($"error retrieving additional gids for user \"{User}\"")
            : users.Output != groups.Output
                ? throw new InvalidDataException($"mismatched subuids and subgids for user \"{User}\"")
            : Parse(users.Output);
    }

    /// <summary>The same of this machine.</summary>
    /// <exception cref="InvalidDataException">
    /// There are none, or several ranges, or others for groups; or nobody can say whether there is such a user.
    /// </exception>
    public static Task<IdRange?> ReadAsync(CancellationToken cancellationToken) => ReadAsync(
        Commands.Exists, (program, arguments) => Commands.RunAsync(program, arguments, cancellationToken));

    private static async Task<bool> HasUserAsync(
        Func<string, bool> exists, Func<string, string[], Task<CommandResult>> run)
    {
        if (!exists(UsersProgram))
        {
            throw new InvalidDataException(
                $"The program \"{UsersProgram}\" is missing: it tells whether there is a user \"{User}\".");
        }

        var found = await run(UsersProgram, ["passwd", User]);
        return found.ExitCode switch
        {
            0 => true,
            NoSuchUser => false,
            _ => throw new InvalidDataException($"error looking up user \"{User}\": {found.Error.Trim()}"),
        };
    }

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
