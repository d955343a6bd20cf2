using System.Text.RegularExpressions;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Pods;

/// <content>Security contexts.</content>
internal sealed partial class PodSpecValidator
{
    private const long MaxId = int.MaxValue;
    private const int MaxProfileLength = 4095;

    private static readonly string[] ProfileTypes = ["Localhost", "RuntimeDefault", "Unconfined"];

    private void PodSecurity()
    {
        if (_spec.SecurityContext is not { } context)
        {
            return;
        }

        var path = _path.Child("securityContext");
        Id(context.FsGroup, path, "fsGroup");
        Id(context.RunAsUser, path, "runAsUser");
        Id(context.RunAsGroup, path, "runAsGroup");
        for (var i = 0; i < (context.SupplementalGroups?.Count ?? 0); i++)
        {
            if (context.SupplementalGroups![i] is { } group and (< 0 or > MaxId))
            {
                _errors.Invalid(path.Child("supplementalGroups").Index(i), group, NameRules.InclusiveRange(0, MaxId));
            }
        }

        if (_spec.ShareProcessNamespace == true && _spec.HostPID == true)
        {
            _errors.Invalid(
                path.Child("shareProcessNamespace"), true, "ShareProcessNamespace and HostPID cannot both be enabled");
        }

        Sysctls(context.Sysctls, path);
        OneOfIfSet(context.FsGroupChangePolicy, path, "fsGroupChangePolicy", ["Always", "OnRootMismatch"]);
        Seccomp(context.SeccompProfile, path.Child("seccompProfile"));
        WindowsOptions(context.WindowsOptions, path.Child("windowsOptions"));
        AppArmor(context.AppArmorProfile, path.Child("appArmorProfile"));
        OneOfIfSet(context.SupplementalGroupsPolicy, path, "supplementalGroupsPolicy", ["Merge", "Strict"]);
        OneOfIfSet(context.SeLinuxChangePolicy, path, "seLinuxChangePolicy", ["Recursive"]);
    }

    private void Id(long? id, FieldPath parent, string field)
    {
        if (id is < 0 or > MaxId)
        {
            _errors.Invalid(parent.Child(field), id, NameRules.InclusiveRange(0, MaxId));
        }
    }

    private void OneOfIfSet(string? value, FieldPath parent, string field, string[] supported)
    {
        if (value is not null && !supported.Contains(value, StringComparer.Ordinal))
        {
            _errors.NotSupported(parent.Child(field), value, supported);
        }
    }

    private void Sysctls(IList<V1Sysctl>? sysctls, FieldPath parent)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < (sysctls?.Count ?? 0); i++)
        {
            var name = sysctls![i].Name ?? "";
            var path = parent.Child("sysctls").Index(i).Child("name");
            if (name.Length == 0)
            {
                _errors.Required(path);
            }
            else if (name.Length > NameRules.SubdomainMaxLength || !SysctlPattern().IsMatch(name))
            {
                _errors.Invalid(
                    path,
                    name,
                    "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
            }
            else if (names.Contains(name))
            {
                _errors.Duplicate(path, name);
            }

            HostSysctl(name, path);
            names.Add(name);
        }
    }

    /// <summary>A pod in the host's namespace may not tune it.</summary>
    private void HostSysctl(string name, FieldPath path)
    {
        var dotted = name.Replace('/', '.');
        if (_spec.HostNetwork == true && dotted.StartsWith("net.", StringComparison.Ordinal))
        {
            _errors.Invalid(path, name, "may not be specified when 'hostNetwork' is true");
        }
        else if (_spec.HostIPC == true && IsIpcSysctl(dotted))
        {
            _errors.Invalid(path, name, "may not be specified when 'hostIPC' is true");
        }
    }

    private static bool IsIpcSysctl(string name) =>
        name == "kernel.sem" || name.StartsWith("kernel.shm", StringComparison.Ordinal)
        || name.StartsWith("kernel.msg", StringComparison.Ordinal) || name.StartsWith(
            "fs.mqueue.", StringComparison.Ordinal);

    private void ContainerSecurity(V1SecurityContext? context, FieldPath parent)
    {
        if (context is null)
        {
            return;
        }

        var path = parent.Child("securityContext");
        Id(context.RunAsUser, path, "runAsUser");
        Id(context.RunAsGroup, path, "runAsGroup");
        OneOfIfSet(context.ProcMount, path, "procMount", ["Default", "Unmasked"]);
        if (_hostUsers && context.ProcMount == "Unmasked")
        {
            _errors.Invalid(path.Child("procMount"), context.ProcMount, "`hostUsers` must be false to use `Unmasked`");
        }

        Seccomp(context.SeccompProfile, path.Child("seccompProfile"));
        Escalation(context, path);
        WindowsOptions(context.WindowsOptions, path.Child("windowsOptions"));
        AppArmor(context.AppArmorProfile, path.Child("appArmorProfile"));
    }

    private void Escalation(V1SecurityContext context, FieldPath path)
    {
        if (context.AllowPrivilegeEscalation != false)
        {
            return;
        }

        if (context.Privileged == true)
        {
            _errors.Invalid(
                path, Raw(context), "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        }

        foreach (var _ in (context.Capabilities?.Add ?? []).Where(c => c == "CAP_SYS_ADMIN"))
        {
            _errors.Invalid(
                path, Raw(context), "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
        }
    }

    private void Seccomp(V1SeccompProfile? profile, FieldPath path)
    {
        if (profile is null)
        {
            return;
        }

        if (string.IsNullOrEmpty(profile.Type))
        {
            _errors.Required(path.Child("type"), "type is required when seccompProfile is set");
        }
        else
        {
            OneOfIfSet(profile.Type, path, "type", ProfileTypes);
        }

        if (profile.Type != "Localhost")
        {
            if (profile.LocalhostProfile is not null)
            {
                _errors.Invalid(
                    path.Child("localhostProfile"), Raw(profile), "can only be set when seccomp type is Localhost");
            }
        }
        else if (profile.LocalhostProfile is null)
        {
            _errors.Required(path.Child("localhostProfile"), "must be set when seccomp type is Localhost");
        }
        else
        {
            LocalDescending(profile.LocalhostProfile, path.Child("localhostProfile"));
        }
    }

    private void AppArmor(V1AppArmorProfile? profile, FieldPath path)
    {
        if (profile is not null)
        {
            AppArmorProfile(profile, path, _errors);
        }
    }

    /// <summary>The rules of an AppArmor profile.</summary>
    public static void AppArmorProfile(V1AppArmorProfile profile, FieldPath path, FieldErrors errors)
    {
        switch (profile.Type)
        {
            case "Localhost":
                LocalProfile(profile.LocalhostProfile, path.Child("localhostProfile"), errors);
                break;
            case "RuntimeDefault" or "Unconfined":
                if (profile.LocalhostProfile is not null)
                {
                    errors.Invalid(
                        path.Child("localhostProfile"), profile.LocalhostProfile, "can only be set when AppArmor type is Localhost");
                }

                break;
            case null or "":
                errors.Required(path.Child("type"), "type is required when appArmorProfile is set");
                break;
            default:
                errors.NotSupported(path.Child("type"), profile.Type, ProfileTypes);
                break;
        }
    }

    private static void LocalProfile(string? profile, FieldPath path, FieldErrors errors)
    {
        if (profile is null)
        {
            errors.Required(path, "must be set when AppArmor type is Localhost");
            return;
        }

        var trimmed = profile.Trim();
        if (trimmed.Length != profile.Length)
        {
            errors.Invalid(path, profile, "must not be padded with whitespace");
        }
        else if (trimmed.Length == 0)
        {
            errors.Required(path, "must be set when AppArmor type is Localhost");
        }

        if (profile.Length > MaxProfileLength)
        {
            errors.TooLong(path, MaxProfileLength);
        }
    }

    private void OperatingSystem()
    {
        if (_spec.Os is not { } os)
        {
            return;
        }

        var path = _path.Child("os");
        switch (os.Name)
        {
            case null or "":
                _errors.Required(path.Child("name"), "cannot be empty");
                break;
            case "linux":
                ForbidWindowsOptions();
                break;
            case "windows":
                ForbidLinuxOptions();
                break;
            default:
                _errors.NotSupported(path, os.Name, ["linux", "windows"]);
                break;
        }
    }

    [GeneratedRegex(@"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex SysctlPattern();
}
