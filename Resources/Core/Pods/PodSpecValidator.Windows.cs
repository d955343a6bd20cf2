using System.Text.RegularExpressions;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <content>What holds for pods of one operating system only.</content>
internal sealed partial class PodSpecValidator
{
    private const string NotOnWindows = "cannot be set for a windows pod";
    private const string NotOnLinux = "windows options cannot be set for a linux pod";
    private const int MaxCredentialSpecBytes = 64 * 1024;
    private const int MaxDomainLength = 256;
    private const int MaxUserLength = 104;

    private bool HasWindowsOptions => _spec.SecurityContext?.WindowsOptions is not null
        || (_spec.Containers?.Any(c => c.SecurityContext?.WindowsOptions is not null) ?? false)
        || (_spec.InitContainers?.Any(c => c.SecurityContext?.WindowsOptions is not null) ?? false)
        || (_spec.EphemeralContainers?.Any(c => c.SecurityContext?.WindowsOptions is not null) ?? false);

    private void ForbidWindowsOptions()
    {
        if (!HasWindowsOptions)
        {
            return;
        }

        ForbidIf(
            _spec.SecurityContext?.WindowsOptions is not null,
            _path.Child("securityContext"),
            "windowsOptions",
            NotOnLinux);
        foreach (var container in PodContainers.All(_spec, _path))
        {
            if (container.SecurityContext?.WindowsOptions is not null)
            {
                _errors.Forbidden(container.Path.Child("securityContext", "windowsOptions"), NotOnLinux);
            }
        }
    }

    private void ForbidLinuxOptions()
    {
        var context = _spec.SecurityContext;
        var path = _path.Child("securityContext");
        ForbidIf(context?.AppArmorProfile is not null, path, "appArmorProfile", NotOnWindows);
        ForbidIf(context?.SeLinuxOptions is not null, path, "seLinuxOptions", NotOnWindows);
        ForbidIf(_spec.HostUsers is not null, _path, "hostUsers", NotOnWindows);
        ForbidIf(_spec.HostPID == true, _path, "hostPID", NotOnWindows);
        ForbidIf(_spec.HostIPC == true, _path, "hostIPC", NotOnWindows);
        ForbidIf(context?.SeccompProfile is not null, path, "seccompProfile", NotOnWindows);
        ForbidIf(context?.FsGroup is not null, path, "fsGroup", NotOnWindows);
        ForbidIf(context?.FsGroupChangePolicy is not null, path, "fsGroupChangePolicy", NotOnWindows);
        ForbidIf(context?.Sysctls is { Count: > 0 }, path, "sysctls", NotOnWindows);
        ForbidIf(_spec.ShareProcessNamespace is not null, _path, "shareProcessNamespace", NotOnWindows);
        ForbidIf(context?.RunAsUser is not null, path, "runAsUser", NotOnWindows);
        ForbidIf(context?.RunAsGroup is not null, path, "runAsGroup", NotOnWindows);
        ForbidIf(context?.SupplementalGroups is not null, path, "supplementalGroups", NotOnWindows);
        ForbidIf(context?.SupplementalGroupsPolicy is not null, path, "supplementalGroupsPolicy", NotOnWindows);
        ForbidIf(context?.SeLinuxChangePolicy is not null, path, "seLinuxChangePolicy", NotOnWindows);
        foreach (var container in PodContainers.All(_spec, _path))
        {
            if (container.SecurityContext is { } own)
            {
                ForbidLinuxOptions(own, container.Path.Child("securityContext"));
            }
        }
    }

    private void ForbidLinuxOptions(V1SecurityContext context, FieldPath path)
    {
        ForbidIf(context.AppArmorProfile is not null, path, "appArmorProfile", NotOnWindows);
        ForbidIf(context.SeLinuxOptions is not null, path, "seLinuxOptions", NotOnWindows);
        ForbidIf(context.SeccompProfile is not null, path, "seccompProfile", NotOnWindows);
        ForbidIf(context.Capabilities is not null, path, "capabilities", NotOnWindows);
        ForbidIf(context.ReadOnlyRootFilesystem is not null, path, "readOnlyRootFilesystem", NotOnWindows);
        ForbidIf(context.Privileged is not null, path, "privileged", NotOnWindows);
        ForbidIf(context.AllowPrivilegeEscalation is not null, path, "allowPrivilegeEscalation", NotOnWindows);
        ForbidIf(context.ProcMount is not null, path, "procMount", NotOnWindows);
        ForbidIf(context.RunAsUser is not null, path, "runAsUser", NotOnWindows);
        ForbidIf(context.RunAsGroup is not null, path, "runAsGroup", NotOnWindows);
    }

    /// <summary>Either all containers are host processes or none.</summary>
    private void WindowsHostProcess()
    {
        if (!HasWindowsOptions)
        {
            return;
        }

        var ofPod = _spec.SecurityContext?.WindowsOptions?.HostProcess;
        var (total, host) = (0, 0);
        foreach (var container in PodContainers.All(_spec, _path))
        {
            total++;
            var own = container.SecurityContext?.WindowsOptions?.HostProcess;
            if (ofPod is not null && own is not null && ofPod != own)
            {
                _errors.Invalid(
                    container.Path.Child("securityContext", "windowsOptions").Child("hostProcess"),
                    own,
                    $"pod hostProcess value must be identical if both are specified, was {(ofPod.Value ? "true" : "false")}");
            }

            host += (own ?? ofPod) == true ? 1 : 0;
        }

        if (host > 0 && host != total)
        {
            _errors.Invalid(
                _path, "", "If pod contains any hostProcess containers then all containers must be HostProcess containers");
        }

        if (host > 0 && _spec.HostNetwork != true)
        {
            _errors.Invalid(
                _path.Child("hostNetwork"), false, "hostNetwork must be true if pod contains any hostProcess containers");
        }
    }

    private void WindowsOptions(V1WindowsSecurityContextOptions? options, FieldPath path)
    {
        if (options is null)
        {
            return;
        }

        AnySubdomain(path, "gmsaCredentialSpecName", options.GmsaCredentialSpecName);
        if (options.GmsaCredentialSpec is { Length: 0 })
        {
            _errors.Invalid(path.Child("gmsaCredentialSpec"), "", "gmsaCredentialSpec cannot be an empty string");
        }
        else if (options.GmsaCredentialSpec?.Length > MaxCredentialSpecBytes)
        {
            _errors.Invalid(
                path.Child("gmsaCredentialSpec"), options.GmsaCredentialSpec, "gmsaCredentialSpec size must be under 64 KiB");
        }

        if (options.RunAsUserName is { } user)
        {
            foreach (var complaint in UserNameComplaints(user))
            {
                _errors.Invalid(path.Child("runAsUserName"), user, complaint);
            }
        }
    }

    private static IEnumerable<string> UserNameComplaints(string name)
    {
        if (name.Length == 0)
        {
            return ["runAsUserName cannot be an empty string"];
        }

        if (name.Any(c => c is < ' ' or (char)127))
        {
            return ["runAsUserName cannot contain control characters"];
        }

        var parts = name.Split('\\');
        return parts.Length > 2
            ? ["runAsUserName cannot contain more than one backslash"]
            : DomainComplaints(parts.Length == 2 ? parts[0] : null).Concat(UserComplaints(parts[^1]));
    }

    private static IEnumerable<string> DomainComplaints(string? domain)
    {
        if (domain?.Length >= MaxDomainLength)
        {
            yield return $"runAsUserName's Domain length must be under {MaxDomainLength} characters";
        }

        if (domain is not null && !NetBiosPattern().IsMatch(domain) && !WindowsDomainPattern().IsMatch(domain))
        {
            yield return "runAsUserName's Domain doesn't match the NetBios nor the DNS format";
        }
    }

    private static IEnumerable<string> UserComplaints(string user)
    {
        if (user.Length == 0)
        {
            yield return "runAsUserName's User cannot be empty";
        }
        else if (user.Length > MaxUserLength)
        {
            yield return $"runAsUserName's User length must not be longer than {MaxUserLength} characters";
        }

        if (user.Length > 0 && user.All(c => c is '.' or ' '))
        {
            yield return "runAsUserName's User cannot contain only periods or spaces";
        }

        if (user.Any(c => "\"/\\:;|=,+*?<>@[]".Contains(c, StringComparison.Ordinal)))
        {
            yield return "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]";
        }
    }

    [GeneratedRegex("""^[^\\/:\*\?"<>|\.][^\\/:\*\?"<>|]{0,14}\z""")]
    private static partial Regex NetBiosPattern();

    [GeneratedRegex(
        @"^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\z")]
    private static partial Regex WindowsDomainPattern();
}
