// Package cronjob creates Jobs by the schedules of CronJobs, and deletes them by their history
// limits. It reads and writes CronJobs and Jobs only. What to do is decided by package
// schedule.
package cronjob
