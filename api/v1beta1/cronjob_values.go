package v1beta1

// Condition types of a CronJob are those of kstatus.
const (
	// CronJobReady is true while runs start by the schedule, and while the CronJob is suspended.
	CronJobReady = "Ready"
	// CronJobStalled is true while only a user can make runs start. Otherwise it is absent.
	CronJobStalled = "Stalled"
)

// Reasons of a CronJob's conditions. ReasonGuardMissing, ReasonNotVouchedFor and
// ReasonUndecodable are reasons of a CronJob too.
const (
	// ReasonScheduled is why a CronJob is Ready: its next run is scheduled.
	ReasonScheduled = "Scheduled"
	// ReasonCronJobSuspended is why a CronJob is Ready although no run starts: spec.suspend is set.
	ReasonCronJobSuspended = "Suspended"
	// ReasonRunWaiting is why a CronJob is Ready although a run that is due has not started: it
	// waits for an earlier one, which the message names.
	ReasonRunWaiting = "RunWaiting"
	// ReasonInvalidSchedule is why a CronJob is Stalled: spec.schedule is invalid, or never fires.
	ReasonInvalidSchedule = "InvalidSchedule"
	// ReasonInvalidTimeZone is why a CronJob is Stalled: spec.timeZone is no IANA name.
	ReasonInvalidTimeZone = "InvalidTimeZone"
	// ReasonNameTaken is why a CronJob is Stalled: the name of the run's Job is held by a Job
	// that the CronJob does not control.
	ReasonNameTaken = "NameTaken"
	// ReasonJobRefused is why a CronJob is Stalled: the API server refused the run's Job.
	ReasonJobRefused = "JobRefused"
	// ReasonLastScheduleAhead is why a CronJob is Stalled: its lastScheduleTime, or since when its
	// schedule counts, is more than an hour ahead of the manager's clock.
	ReasonLastScheduleAhead = "LastScheduleAhead"
)
