using System.CommandLine;
using OrleansOrchestrator.Silo.Hosting;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary><c>orc dashboard</c>: a way into the dashboard for who holds the admin kubeconfig.</summary>
internal static class DashboardCommand
{
    public static Command Create()
    {
        var data = CommonOptions.DataDirectory();
        var kubeconfig = CommonOptions.MaybeText(
            "--kubeconfig", "With whose rights the session is made. Default: the admin's of this machine's cluster.");
        var hours = CommonOptions.Number("--hours", "For how long the session lasts.", 8, 1, 24);
        var command = new Command(
            "dashboard", "Print an address that opens the dashboard, signed in for some hours as an administrator.")
        {
            data, kubeconfig, hours,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var file = parsed.GetValue(kubeconfig) ?? KubeconfigOf(parsed.GetRequiredValue(data));
            var session = new DashboardSession(file, TimeSpan.FromHours(parsed.GetValue(hours)));
            Console.WriteLine(await session.OpenAsync(cancellationToken));
            return 0;
        });
        return command;
    }

    private static string KubeconfigOf(string root) =>
        MachineShare.Of(Hosting.DataDirectory.OpenExisting(root)).Kubeconfig;
}
