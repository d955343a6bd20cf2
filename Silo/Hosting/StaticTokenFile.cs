using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Reads upstream's static token file: lines of <c>token,user,uid,"group1,group2"</c>.</summary>
public static class StaticTokenFile
{
    /// <summary>Token to user. A malformed line is an error that names it.</summary>
    public static IReadOnlyDictionary<string, UserIdentity> Read(string path)
    {
        var result = new Dictionary<string, UserIdentity>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in Lines(path))
        {
            number++;
            if (line.Trim().Length == 0)
            {
                continue;
            }

            var parts = line.Split(',', 4);
            if (parts.Length < 3 || parts[0].Length == 0 || parts[1].Length == 0)
            {
                throw new UserErrorException($"{path}:{number}: expected token,user,uid[,\"group1,group2\"].");
            }

            result[parts[0]] = new UserIdentity { Name = parts[1], Uid = parts[2], Groups = GroupsOf(parts) };
        }

        return result;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"--token-auth-file {path} cannot be read: {refused.Message}");
        }
    }

    private static string[] GroupsOf(string[] parts)
    {
        var named =
            parts.Length == 4 ? parts[3].Trim().Trim('"').Split(',', StringSplitOptions.RemoveEmptyEntries) : [];
        return [.. named, "system:authenticated"];
    }
}
