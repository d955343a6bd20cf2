using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>The headers that name the user to act as.</summary>
internal static class ImpersonationHeaders
{
    private const string Prefix = "Impersonate-";
    private const string UserHeader = "Impersonate-User";
    private const string UidHeader = "Impersonate-Uid";
    private const string GroupHeader = "Impersonate-Group";
    private const string ExtraPrefix = "Impersonate-Extra-";

    /// <summary>
    /// The user as the headers describe it, which are gone then; null when there are none, 400 when they name no user.
    /// </summary>
    public static Outcome<UserIdentity?> Take(IHeaderDictionary headers)
    {
        List<string>? present = null;
        foreach (var (name, _) in headers)
        {
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            {
                (present ??= []).Add(name);
            }
        }

        if (present is null)
        {
            return (UserIdentity?)null;
        }

        var user = Read(headers, present);
        present.ForEach(name => headers.Remove(name));
        if (user.Name.Length > 0)
        {
            return user;
        }

        return user is { Uid: "", Groups: [], Extra.Count: 0 }
            ? (UserIdentity?)null
            : StatusErrors.BadRequest($"requested {GoSyntax(user)} without impersonating a user name");
    }

    private static UserIdentity Read(IHeaderDictionary headers, List<string> present)
    {
        var extra = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var name in present.Where(n => n.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase)))
        {
            var key = GoUrl.UnescapeName(name[ExtraPrefix.Length..].ToLowerInvariant());
            extra[key] = [.. extra.GetValueOrDefault(key, []), .. headers[name].Select(v => v ?? "")];
        }

        return new UserIdentity
        {
            Name = headers[UserHeader] is [{ } user, ..] ? user : "",
            Uid = headers[UidHeader] is [{ } uid, ..] ? uid : "",
            Groups = [.. headers[GroupHeader].Select(g => g ?? "")],
            Extra = extra,
        };
    }

    /// <summary>The user in Go's syntax, which is how upstream prints it.</summary>
    private static string GoSyntax(UserIdentity user)
    {
        var extra = user.Extra.Count == 0
            ? "map[string][]string(nil)"
            : $"map[string][]string{{{string.Join(", ", user.Extra.OrderBy(e => e.Key, StringComparer.Ordinal)
                .Select(e => $"{GoText.Quote(e.Key)}:{GoSyntax(e.Value)}"))}}}";
        return $"&user.DefaultInfo{{Name:\"\", UID:{GoText.Quote(user.Uid)}, Groups:{GoSyntax(user.Groups)}, Extra:{extra}}}";
    }

    private static string GoSyntax(IReadOnlyList<string> values) => values.Count == 0
        ? "[]string(nil)"
        : $"[]string{{{string.Join(", ", values.Select(GoText.Quote))}}}";
}
