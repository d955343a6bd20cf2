using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary><c>orc dashboard</c>: a way into the dashboard for who holds the admin kubeconfig.</summary>
internal static class DashboardCommand
{
    private const string Nobody = "Nobody has signed in";

    /// <summary>For how long the page that signs in lies on the disk when nobody comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static Command Create()
    {
        var data = CommonOptions.DataDirectory();
        var kubeconfig = CommonOptions.MaybeText(
            "--kubeconfig", "With whose rights the session is made. Default: the admin's of this machine's cluster.");
        var hours = CommonOptions.Number("--hours", "For how long the session lasts.", 8, 1, 24);
        var url = new Option<bool>("--url")
        {
            Description = "Print an address to be opened by hand, once and within ten minutes, and open nothing.",
        };
        var command = new Command(
            "dashboard", "Open the dashboard in a browser, signed in for some hours as an administrator.")
        {
            data, kubeconfig, hours, url,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var root = parsed.GetRequiredValue(data);
            using var session = new DashboardSession(parsed.GetValue(kubeconfig) ?? MachineShare.KubeconfigOf(root));
            var invitation = await session.InviteAsync(parsed.GetValue(hours), cancellationToken);
            await (parsed.GetValue(url)
                ? Console.Out.WriteLineAsync(invitation.Address.AbsoluteUri)
                : OpenAsync(session, invitation, root, cancellationToken));
            return 0;
        });
        return command;
    }

    private static async Task OpenAsync(
        DashboardSession session, DashboardInvitation invitation, string root, CancellationToken cancellationToken)
    {
        if (Browser.Find(Environment.GetEnvironmentVariable, Programs.Find) is not { } browser)
        {
            await TellAsync(
                invitation, "There is no display here, or nothing that opens a browser ($BROWSER, xdg-open)");
            return;
        }

        using var page = await WriteOrTellAsync(invitation, root, cancellationToken);
        if (page is null)
        {
            return;
        }

        var problem = await FollowAsync(
            session, invitation, token => Browser.OpenAsync(browser, page.Path, token), cancellationToken);
        if (problem is not null)
        {
            await TellAsync(invitation, problem);
            return;
        }

        Console.WriteLine($"The dashboard at {session.Page} is open, and signed in.");
    }

    /// <summary>The page that signs in; null where there can be none, which is told.</summary>
    private static async Task<LeadingPage?> WriteOrTellAsync(
        DashboardInvitation invitation, string root, CancellationToken cancellationToken)
    {
        try
        {
            var session = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
            if (await LeadingPage.DirectoryForAsync(session, root, cancellationToken) is { } directory)
            {
                return LeadingPage.Write(directory, invitation.Address);
            }

            await TellAsync(
                invitation, "There is no directory of yours alone for a page that signs in ($XDG_RUNTIME_DIR)");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            await TellAsync(invitation, $"The page that signs in cannot be written ({failure.Message})");
        }

        return null;
    }

    /// <summary>Until somebody has signed in, or why nobody will.</summary>
    private static async Task<string?> FollowAsync(
        DashboardSession session, DashboardInvitation invitation, Func<CancellationToken, Task<int>> openAsync,
        CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var used = session.WaitForUseAsync(invitation, patience.Token);
            var opened = openAsync(patience.Token);
            if (await Task.WhenAny(used, opened) == opened && await opened is not 0 and var code)
            {
                return FormattableString.Invariant($"No browser could be opened (exit code {code})");
            }

            return await used ? null : Nobody;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Nobody;
        }
        finally
        {
            await patience.CancelAsync();
        }
    }

    /// <summary>The address alone goes to standard output, for who pipes it.</summary>
    private static async Task TellAsync(DashboardInvitation invitation, string why)
    {
        await Console.Error.WriteLineAsync(
            $"{why}. Open this address in a browser that reaches the cluster; it signs in once, within ten minutes:");
        await Console.Out.WriteLineAsync(invitation.Address.AbsoluteUri);
    }
}
