namespace OrleansOrchestrator.Api.Remote;

/// <summary>
/// As whom this server asks others: the users of a kubeconfig, who are named after those that know them (upstream's
/// <c>util/webhook/authentication.go</c>). A name is a host and its port, or the host alone where the port is 443; a
/// star may stand for the first steps of it, and alone for whoever has no other name.
/// </summary>
/// <param name="users">The users by their names.</param>
/// <param name="current">The user that asks where no name fits; nobody does where it is empty, or no such user.</param>
public sealed class RemoteUsers(IReadOnlyDictionary<string, RemoteCredentials> users, string current)
{
    private const int DefaultPort = 443;

    /// <summary>This server says to nobody who it is.</summary>
    public static RemoteUsers None { get; } = new(new Dictionary<string, RemoteCredentials>(), "");

    /// <summary>A server, asked by the user that it knows; this one itself by none of them.</summary>
    public RemoteTarget Ask(RemoteTarget target) =>
        !target.IsOwn && users.Count > 0 && Find(target.Host, target.Port) is { } user ? user.AskWith(target) : target;

    /// <summary>The user that a server knows; null for none.</summary>
    public RemoteCredentials? Find(string host, int port)
    {
        var bare = host.Trim('[', ']');
        var name = bare.Contains(':', StringComparison.Ordinal) ? $"[{bare}]" : bare;
        return Named(FormattableString.Invariant($"{name}:{port}"))
            ?? (port == DefaultPort ? Named(bare) : null)
            ?? users.GetValueOrDefault("*")
            ?? (current.Length > 0 ? users.GetValueOrDefault(current) : null);
    }

    /// <summary>Of several names that fit, the one that says most.</summary>
    private RemoteCredentials? Named(string server)
    {
        if (users.TryGetValue(server, out var exact))
        {
            return exact;
        }

        for (var dot = server.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = server.IndexOf('.', dot + 1))
        {
            if (users.TryGetValue($"*{server[dot..]}", out var user))
            {
                return user;
            }
        }

        return null;
    }
}
