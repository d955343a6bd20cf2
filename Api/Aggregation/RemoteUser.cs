using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using OrleansOrchestrator.Api.Remote;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>Tells another server for whom a request is. Whatever the client itself said of that goes.</summary>
internal static class RemoteUser
{
    private const string ImpersonationPrefix = "Impersonate-";
    private const string TokenSigns = "!#$&'*+-.^_`|~";

    /// <summary>Puts the user in; says which header cannot be sent, null when all can.</summary>
    public static string? Write(HttpRequestHeaders headers, UserIdentity user)
    {
        foreach (var name in headers.NonValidated.Select(static h => h.Key).Where(IsForIdentity).ToList())
        {
            headers.Remove(name);
        }

        return All(user).FirstOrDefault(h => !Add(headers, h.Name, h.Values)).Name;
    }

    /// <summary>A key as a part of a header's name: what may not be in one is escaped.</summary>
    public static string EscapeKey(string key)
    {
        var result = new StringBuilder(key.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(key))
        {
            _ = char.IsAsciiLetterOrDigit((char)octet) || TokenSigns.Contains((char)octet)
                ? result.Append((char)octet)
                : result.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
        }

        return result.ToString();
    }

    private static bool IsForIdentity(string name) =>
        name.Equals("Authorization", StringComparison.OrdinalIgnoreCase) || FrontProxy.NamesUser(name)
        || name.StartsWith(ImpersonationPrefix, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<(string? Name, IReadOnlyList<string> Values)> All(UserIdentity user)
    {
        yield return (FrontProxy.UserHeader, [user.Name]);
        if (user.Uid.Length > 0)
        {
            yield return (FrontProxy.UidHeader, [user.Uid]);
        }

        if (user.Groups.Count > 0)
        {
            yield return (FrontProxy.GroupHeader, user.Groups);
        }

        foreach (var (key, values) in user.Extra.Where(static e => e.Value.Count > 0))
        {
            yield return (FrontProxy.ExtraHeaderPrefix + EscapeKey(key), values);
        }
    }

    private static bool Add(HttpRequestHeaders headers, string? name, IReadOnlyList<string> values) =>
        !values.Any(static v => v.Any(static c => char.IsControl(c) && c != '\t'))
        && headers.TryAddWithoutValidation(name!, HeaderLines.Join(values));
}
